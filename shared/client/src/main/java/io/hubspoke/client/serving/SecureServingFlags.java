package io.hubspoke.client.serving;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The flags of secure serving, as a mixin for commands. */
public final class SecureServingFlags {
  @Option(
      names = "--bind-address",
      paramLabel = "ADDRESS",
      description =
          "where health and metrics are served (${DEFAULT-VALUE}, as kubeadm sets it: a control"
              + " plane's components are nobody's business but its own)")
  private String bindAddress = "127.0.0.1";

  @Option(
      names = "--secure-port",
      paramLabel = "PORT",
      description = "port of health and metrics, over HTTPS; 0 for none (the component's own)")
  private Integer securePort;

  @Option(
      names = "--tls-cert-file",
      paramLabel = "FILE",
      description = "certificate to serve with (none: one that is signed by itself)")
  private Path tlsCertFile;

  @Option(names = "--tls-private-key-file", paramLabel = "FILE", description = "its key")
  private Path tlsPrivateKeyFile;

  @Option(
      names = "--client-ca-file",
      paramLabel = "FILE",
      description =
          "authorities whose client certificates name callers (none: the apiserver's, by ConfigMap"
              + " extension-apiserver-authentication)")
  private Path clientCaFile;

  @Option(
      names = "--authentication-kubeconfig",
      paramLabel = "FILE",
      description = "the apiserver to ask who callers are (none: callers stay anonymous)")
  private Path authenticationKubeconfig;

  @Option(
      names = "--authorization-kubeconfig",
      paramLabel = "FILE",
      description = "the apiserver to ask what callers may do (none: nothing but health)")
  private Path authorizationKubeconfig;

  /**
   * Returns what the flags say.
   *
   * @param defaultPort the component's own
   * @throws IllegalArgumentException whose message names the flag
   */
  public SecureServing options(int defaultPort) {
    int port = securePort == null ? defaultPort : securePort;
    if (port < 0 || port > 65535) {
      throw new IllegalArgumentException(
          "--secure-port: must be between 0 and 65535, but is " + port);
    }
    return new SecureServing(
        bindAddress,
        port == 0 ? -1 : port,
        tlsCertFile,
        tlsPrivateKeyFile,
        clientCaFile,
        client("--authentication-kubeconfig", authenticationKubeconfig),
        client("--authorization-kubeconfig", authorizationKubeconfig));
  }

  private static ClientConfig client(String flag, Path kubeconfig) {
    if (kubeconfig == null) {
      return null;
    }
    try {
      return ClientConfig.read(kubeconfig);
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalArgumentException(flag + ": " + Component.reason(e), e);
    }
  }
}
