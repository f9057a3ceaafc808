package io.hubspoke.client.serving;

import io.hubspoke.client.ClientConfig;
import java.nio.file.Path;

/**
 * Where a component serves its health and metrics, and whom it asks about callers; each component
 * has the name of its flag.
 *
 * @param bindAddress where it listens
 * @param securePort 0 for any free one, -1 for no serving at all
 * @param tlsCertFile null for a certificate that it signs itself
 * @param tlsPrivateKeyFile its key
 * @param clientCaFile whose client certificates name callers; null for the apiserver's own, as
 *     ConfigMap kube-system/extension-apiserver-authentication says
 * @param authentication whom to ask whose a token is; null to take no tokens and no certificates
 * @param authorization whom to ask what a caller may do; null to let in nobody but to health
 */
public record SecureServing(
    String bindAddress,
    int securePort,
    Path tlsCertFile,
    Path tlsPrivateKeyFile,
    Path clientCaFile,
    ClientConfig authentication,
    ClientConfig authorization) {
  private static final int ANY_PORT = 0;
  private static final int OFF = -1;

  /** Serves nothing. */
  public static final SecureServing NONE =
      new SecureServing("127.0.0.1", OFF, null, null, null, null, null);

  public SecureServing {
    if ((tlsCertFile == null) != (tlsPrivateKeyFile == null)) {
      throw new IllegalArgumentException("--tls-cert-file and --tls-private-key-file go together");
    }
  }

  /** Serves on loopback, on a free port; asks this apiserver about callers. */
  public static SecureServing onLoopback(ClientConfig apiserver) {
    return new SecureServing("127.0.0.1", ANY_PORT, null, null, null, apiserver, apiserver);
  }

  /** Serves on another address; 0 is any free port. */
  public SecureServing at(String address, int port) {
    return new SecureServing(
        address, port, tlsCertFile, tlsPrivateKeyFile, clientCaFile, authentication, authorization);
  }

  boolean isOff() {
    return securePort == OFF;
  }
}
