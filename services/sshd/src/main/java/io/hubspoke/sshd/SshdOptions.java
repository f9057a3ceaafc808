package io.hubspoke.sshd;

import io.hubspoke.api.AddressRange;
import io.vertx.core.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a node's SSH server needs to know.
 *
 * @param listenAddress where it listens
 * @param port 0 for one that the system chooses
 * @param user the only one who may log in
 * @param authorizedKeysFile his public keys, a line each; followed
 * @param hostKeyFiles private keys of the server; what is missing is made
 * @param permitOpen addresses to which connections may be forwarded, at any port
 * @param sourceAddress from which they are opened; null for the system's choice
 * @param health where health and metrics are served, in clear; empty for nowhere
 */
public record SshdOptions(
    String listenAddress,
    int port,
    String user,
    Path authorizedKeysFile,
    List<Path> hostKeyFiles,
    List<AddressRange> permitOpen,
    String sourceAddress,
    Limits limits,
    Optional<SocketAddress> health) {

  /**
   * What clients may use up.
   *
   * @param loginGraceTime for logging in
   * @param maxAuthTries attempts to log in on one connection
   * @param maxStartups connections at a time on which nobody has logged in yet
   * @param maxChannels forwarded connections at a time of one connection
   * @param connectTimeout for connecting to what is forwarded to
   * @param clientAliveInterval after which a client is asked whether it is still there
   * @param clientAliveCountMax how many of such questions may stay without an answer
   */
  public record Limits(
      Duration loginGraceTime,
      int maxAuthTries,
      int maxStartups,
      int maxChannels,
      Duration connectTimeout,
      Duration clientAliveInterval,
      int clientAliveCountMax) {
    public static final Limits DEFAULT =
        new Limits(
            Duration.ofSeconds(120),
            6,
            10,
            16_384,
            Duration.ofSeconds(10),
            Duration.ofSeconds(15),
            3);
  }

  public SshdOptions {
    Objects.requireNonNull(listenAddress, "listenAddress");
    Objects.requireNonNull(user, "user");
    Objects.requireNonNull(authorizedKeysFile, "authorizedKeysFile");
    hostKeyFiles = List.copyOf(hostKeyFiles);
    permitOpen = List.copyOf(permitOpen);
    if (hostKeyFiles.isEmpty()) {
      throw new IllegalArgumentException("a server must have a host key");
    }
  }

  /** A server that says nothing of itself. */
  public SshdOptions(
      String listenAddress,
      int port,
      String user,
      Path authorizedKeysFile,
      List<Path> hostKeyFiles,
      List<AddressRange> permitOpen,
      String sourceAddress,
      Limits limits) {
    this(
        listenAddress,
        port,
        user,
        authorizedKeysFile,
        hostKeyFiles,
        permitOpen,
        sourceAddress,
        limits,
        Optional.empty());
  }

  /** Serves health and metrics there. */
  public SshdOptions withHealth(SocketAddress at) {
    return with(sourceAddress, limits, Optional.of(at));
  }

  public SshdOptions withLimits(Limits replaced) {
    return with(sourceAddress, replaced, health);
  }

  /**
   * Connects to targets from another address.
   *
   * @param replaced null for whichever the system takes
   */
  public SshdOptions withSourceAddress(String replaced) {
    return with(replaced, limits, health);
  }

  private SshdOptions with(String source, Limits bounds, Optional<SocketAddress> at) {
    return new SshdOptions(
        listenAddress,
        port,
        user,
        authorizedKeysFile,
        hostKeyFiles,
        permitOpen,
        source,
        bounds,
        at);
  }
}
