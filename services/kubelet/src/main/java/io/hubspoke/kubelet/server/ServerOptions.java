package io.hubspoke.kubelet.server;

import io.vertx.core.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * How the kubelet's API is served; names and defaults are those of the real one's flags and
 * configuration file.
 *
 * @param address {@code --address}: what the API listens on
 * @param port {@code --port}; 0 for any free one
 * @param clientCaFile {@code --client-ca-file}: whose client certificates are accepted; may be null
 * @param tokenWebhook {@code --authentication-token-webhook}: bearer tokens are reviewed
 * @param tokenCacheTtl {@code --authentication-token-webhook-cache-ttl}
 * @param authorizedTtl {@code --authorization-webhook-cache-authorized-ttl}
 * @param unauthorizedTtl {@code --authorization-webhook-cache-unauthorized-ttl}
 * @param debuggingHandlers {@code --enable-debugging-handlers}: exec and its like are served
 * @param systemLogHandler {@code enableSystemLogHandler}: files are served under {@code /logs/}
 * @param streamIdleTimeout {@code --streaming-connection-idle-timeout}; zero for none
 * @param healthz {@code --healthz-bind-address} and {@code --healthz-port}; null for nowhere
 * @param connectionLimits what connections may cost
 * @param accessListener told of every request, after it was answered
 */
public record ServerOptions(
    String address,
    int port,
    Path clientCaFile,
    boolean anonymousAuth,
    boolean tokenWebhook,
    Duration tokenCacheTtl,
    AuthorizationMode authorizationMode,
    Duration authorizedTtl,
    Duration unauthorizedTtl,
    boolean debuggingHandlers,
    boolean systemLogHandler,
    Duration streamIdleTimeout,
    SocketAddress healthz,
    ConnectionLimits connectionLimits,
    Consumer<Access> accessListener) {

  public ServerOptions {
    Objects.requireNonNull(address, "address");
    Objects.requireNonNull(connectionLimits, "connectionLimits");
    check(port >= 0 && port <= 65535, "--port must be between 0 and 65535, but is " + port);
    notNegative("--authentication-token-webhook-cache-ttl", tokenCacheTtl);
    notNegative("--authorization-webhook-cache-authorized-ttl", authorizedTtl);
    notNegative("--authorization-webhook-cache-unauthorized-ttl", unauthorizedTtl);
    notNegative("--streaming-connection-idle-timeout", streamIdleTimeout);
    check(
        authorizationMode != AuthorizationMode.WEBHOOK
            || clientCaFile != null
            || tokenWebhook
            || anonymousAuth,
        "nobody could call the API: --anonymous-auth=false needs --client-ca-file or"
            + " --authentication-token-webhook");
  }

  private static void notNegative(String flag, Duration value) {
    check(!value.isNegative(), flag + " must not be negative, but is " + value);
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /** Begins options of an address; everything else has its default. */
  public static Builder at(String address) {
    return new Builder(address);
  }

  /** Collects options. */
  public static final class Builder {
    private String address;
    private int port = 10250;
    private Path clientCaFile;
    private boolean anonymousAuth = true;
    private boolean tokenWebhook;
    private Duration tokenCacheTtl = Duration.ofMinutes(2);
    private AuthorizationMode authorizationMode = AuthorizationMode.ALWAYS_ALLOW;
    private Duration authorizedTtl = Duration.ofMinutes(5);
    private Duration unauthorizedTtl = Duration.ofSeconds(30);
    private boolean debuggingHandlers = true;
    private boolean systemLogHandler = true;
    private Duration streamIdleTimeout = Duration.ofHours(4);
    private SocketAddress healthz;
    private ConnectionLimits connectionLimits = ConnectionLimits.DEFAULT;
    private Consumer<Access> accessListener = access -> {};

    private Builder(String address) {
      this.address = address;
    }

    public Builder address(String value) {
      address = value;
      return this;
    }

    public Builder port(int value) {
      port = value;
      return this;
    }

    public Builder clientCaFile(Path value) {
      clientCaFile = value;
      return this;
    }

    public Builder anonymousAuth(boolean value) {
      anonymousAuth = value;
      return this;
    }

    public Builder tokenWebhook(boolean value) {
      tokenWebhook = value;
      return this;
    }

    public Builder tokenCacheTtl(Duration value) {
      tokenCacheTtl = value;
      return this;
    }

    public Builder authorizationMode(AuthorizationMode value) {
      authorizationMode = value;
      return this;
    }

    public Builder authorizationTtl(Duration authorized, Duration unauthorized) {
      authorizedTtl = authorized;
      unauthorizedTtl = unauthorized;
      return this;
    }

    public Builder debuggingHandlers(boolean value) {
      debuggingHandlers = value;
      return this;
    }

    public Builder systemLogHandler(boolean value) {
      systemLogHandler = value;
      return this;
    }

    public Builder streamIdleTimeout(Duration value) {
      streamIdleTimeout = value;
      return this;
    }

    /** Serves health in clear there; null for nowhere. */
    public Builder healthz(SocketAddress value) {
      healthz = value;
      return this;
    }

    public Builder connectionLimits(ConnectionLimits value) {
      connectionLimits = value;
      return this;
    }

    public Builder accessListener(Consumer<Access> value) {
      accessListener = value;
      return this;
    }

    /**
     * Returns the options.
     *
     * @throws IllegalArgumentException naming the flag that makes no sense
     */
    public ServerOptions build() {
      return new ServerOptions(
          address,
          port,
          clientCaFile,
          anonymousAuth,
          tokenWebhook,
          tokenCacheTtl,
          authorizationMode,
          authorizedTtl,
          unauthorizedTtl,
          debuggingHandlers,
          systemLogHandler,
          streamIdleTimeout,
          healthz,
          connectionLimits,
          accessListener);
    }
  }
}
