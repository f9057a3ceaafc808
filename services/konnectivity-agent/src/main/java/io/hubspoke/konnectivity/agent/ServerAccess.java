package io.hubspoke.konnectivity.agent;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How servers are reached, verified, and shown who the agent is; files are read again when they
 * change.
 *
 * @param host at which any of the servers answers
 * @param alpnProtos offered beside {@code h2}, for what tells connections apart on the way
 * @param caCert who vouches for servers
 * @param agentCert the agent's certificate; null to show none
 * @param agentKey its key
 * @param serviceAccountTokenPath the agent's token, read for each connection; null to show none
 * @param keepaliveTime how long a connection may be silent before the server is asked whether it is
 *     there
 */
public record ServerAccess(
    String host,
    int port,
    List<String> alpnProtos,
    Path caCert,
    Path agentCert,
    Path agentKey,
    Path serviceAccountTokenPath,
    Duration keepaliveTime) {
  static final int PORT = 8091;
  static final Duration KEEPALIVE_TIME = Duration.ofHours(1);

  public ServerAccess {
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException(
          "--proxy-server-port must be between 1 and 65535, but is " + port);
    }
    if (caCert == null) {
      throw new IllegalArgumentException("--ca-cert must be given: servers are always verified");
    }
    if ((agentCert == null) != (agentKey == null)) {
      throw new IllegalArgumentException("--agent-cert and --agent-key must be given together");
    }
    alpnProtos = List.copyOf(alpnProtos);
  }

  /** A server that is verified by this authority, and is shown nothing. */
  public static ServerAccess of(String host, int port, Path caCert) {
    return new ServerAccess(host, port, List.of(), caCert, null, null, null, KEEPALIVE_TIME);
  }

  /** Shows a certificate. */
  public ServerAccess withCertificate(Path cert, Path key) {
    return new ServerAccess(
        host, port, alpnProtos, caCert, cert, key, serviceAccountTokenPath, keepaliveTime);
  }

  /** Shows the token in this file. */
  public ServerAccess withToken(Path path) {
    return new ServerAccess(
        host, port, alpnProtos, caCert, agentCert, agentKey, path, keepaliveTime);
  }

  public ServerAccess withAlpnProtos(List<String> protos) {
    return new ServerAccess(
        host, port, protos, caCert, agentCert, agentKey, serviceAccountTokenPath, keepaliveTime);
  }

  public ServerAccess withKeepaliveTime(Duration time) {
    return new ServerAccess(
        host, port, alpnProtos, caCert, agentCert, agentKey, serviceAccountTokenPath, time);
  }
}
