package io.hubspoke.konnectivity.server;

import io.vertx.core.net.SocketAddress;
import java.time.Duration;
import java.util.Objects;

/**
 * Where agents are served, and how they are known.
 *
 * @param tokens how their tokens are checked; null when they show certificates
 * @param keepaliveTime of a connection that is silent, before it is asked for
 */
public record AgentListenerOptions(
    SocketAddress address, ServingFiles files, TokenAuthentication tokens, Duration keepaliveTime) {

  /**
   * Whose tokens agents show; the apiserver is asked by TokenReview.
   *
   * @param audience that a token must be for
   */
  public record TokenAuthentication(String namespace, String serviceAccount, String audience) {
    public TokenAuthentication {
      require("--agent-namespace", namespace);
      require("--agent-service-account", serviceAccount);
      require("--authentication-audience", audience);
    }

    private static void require(String flag, String value) {
      if (value.isEmpty()) {
        throw new IllegalArgumentException(
            flag + " cannot be empty when agent authentication is enabled");
      }
    }
  }

  public AgentListenerOptions {
    Objects.requireNonNull(files, "files");
    if (tokens != null && files.clientCa() != null) {
      throw new IllegalArgumentException(
          "--cluster-ca-cert can not be used when agent authentication is enabled");
    }
  }

  public AgentListenerOptions(SocketAddress address, ServingFiles files) {
    this(address, files, null, KonnectivityServerOptions.KEEPALIVE_TIME);
  }

  /** Has agents show tokens. */
  public AgentListenerOptions withTokens(TokenAuthentication authentication) {
    return new AgentListenerOptions(address, files, authentication, keepaliveTime);
  }

  /** Asks for a silent connection after another time. */
  public AgentListenerOptions withKeepaliveTime(Duration time) {
    return new AgentListenerOptions(address, files, tokens, time);
  }
}
