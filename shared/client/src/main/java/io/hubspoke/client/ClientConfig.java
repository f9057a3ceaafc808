package io.hubspoke.client;

import io.hubspoke.pki.Kubeconfig;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Where the apiserver is, how it is verified, and who asks.
 *
 * @param server such as {@code https://127.0.10.1:6443}
 * @param authorities what the server's certificate must chain to
 * @param localAddress source address of connections; empty for any
 * @param userAgent what the server's audit shows, such as {@code kubelet/v1.33.0}
 * @param insecureSkipTlsVerify accepts any server; never set unless a person asked for it
 * @param timeout longest time for a request that is not a watch
 * @param maxResponseBytes largest body that is read; a longer one fails the request
 * @param kubeconfig the file that says so, which is followed with the files that it names: their
 *     changes count from the next connection on; null when nothing is followed
 */
public record ClientConfig(
    URI server,
    List<X509Certificate> authorities,
    Credentials credentials,
    String localAddress,
    String userAgent,
    boolean insecureSkipTlsVerify,
    Duration timeout,
    int maxResponseBytes,
    Path kubeconfig) {

  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final int DEFAULT_MAX_RESPONSE_BYTES = 64 << 20;

  /** Where pods find what their service account has. */
  private static final Path SERVICE_ACCOUNT =
      Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

  public ClientConfig {
    authorities = List.copyOf(authorities);
    if (server.getHost() == null || !"https".equals(server.getScheme())) {
      throw new IllegalArgumentException(
          "server must be an https URL with a host, such as https://127.0.10.1:6443, but is \""
              + server
              + "\"");
    }
    if (authorities.isEmpty() && !insecureSkipTlsVerify) {
      throw new IllegalArgumentException(
          "no certificate authority to verify " + server + " with, and verification is on");
    }
  }

  /** Verifies the server by these authorities; other settings have their defaults. */
  public static ClientConfig of(
      String server, List<X509Certificate> authorities, Credentials credentials) {
    return new ClientConfig(
        URI.create(server),
        authorities,
        credentials,
        "",
        "hubspoke",
        false,
        DEFAULT_TIMEOUT,
        DEFAULT_MAX_RESPONSE_BYTES,
        null);
  }

  /**
   * Takes server, authorities and credentials from a file, and follows its changes.
   *
   * @throws IOException when it, or a file that it names, cannot be read
   * @throws IllegalArgumentException when something is missing or malformed
   */
  public static ClientConfig read(Path kubeconfig) throws IOException {
    return of(Kubeconfig.read(kubeconfig)).withKubeconfig(kubeconfig);
  }

  /**
   * Takes server, authorities and credentials from the current context of a kubeconfig.
   *
   * @throws IOException when a file that it names cannot be read
   * @throws IllegalArgumentException when something is missing or malformed
   */
  public static ClientConfig of(Kubeconfig kubeconfig) throws IOException {
    Kubeconfig.Cluster cluster = kubeconfig.cluster();
    Kubeconfig.User user = kubeconfig.user();
    Optional<Credentials> certificate = user.identity().map(Credentials.Certificate::new);
    Optional<Credentials> token = user.bearerToken().map(Credentials.Token::new);
    Credentials credentials = certificate.or(() -> token).orElseGet(Credentials.None::new);
    return new ClientConfig(
        URI.create(cluster.server()),
        cluster.insecureSkipTlsVerify() ? List.of() : cluster.authorities(),
        credentials,
        "",
        "hubspoke",
        cluster.insecureSkipTlsVerify(),
        DEFAULT_TIMEOUT,
        DEFAULT_MAX_RESPONSE_BYTES,
        null);
  }

  /**
   * Takes what every pod is given: the apiserver of its cluster, and its service account's token.
   *
   * @throws IOException when this runs in no pod, or in one without a token
   */
  public static ClientConfig inCluster() throws IOException {
    String host = System.getenv("KUBERNETES_SERVICE_HOST");
    String port = System.getenv("KUBERNETES_SERVICE_PORT");
    if (host == null || port == null) {
      throw new IOException(
          "this runs in no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
    }
    String server = "https://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    Path token = SERVICE_ACCOUNT.resolve("token");
    return of(
        Kubeconfig.of(
            "in-cluster",
            new Kubeconfig.Cluster(server, SERVICE_ACCOUNT.resolve("ca.crt"), null, null, false),
            "service-account",
            new Kubeconfig.User(null, null, null, null, null, token)));
  }

  /**
   * Returns the namespace of the pod that this runs in.
   *
   * @throws IOException when this runs in no pod, or in one without a token
   */
  public static String inClusterNamespace() throws IOException {
    return Files.readString(SERVICE_ACCOUNT.resolve("namespace")).strip();
  }

  /** Asks the same server at another address. */
  public ClientConfig withServer(URI other) {
    return new ClientConfig(
        other,
        authorities,
        credentials,
        localAddress,
        userAgent,
        insecureSkipTlsVerify,
        timeout,
        maxResponseBytes,
        kubeconfig);
  }

  /** Shows these credentials; those of a file are not followed then. */
  public ClientConfig withCredentials(Credentials other) {
    return new ClientConfig(
        server,
        authorities,
        other,
        localAddress,
        userAgent,
        insecureSkipTlsVerify,
        timeout,
        maxResponseBytes,
        null);
  }

  /** Shows newer credentials of the same client; a file is followed as before. */
  public ClientConfig renewed(Credentials newer) {
    return withCredentials(newer).withKubeconfig(kubeconfig);
  }

  /** Connects from this source address. */
  public ClientConfig withLocalAddress(String address) {
    return new ClientConfig(
        server,
        authorities,
        credentials,
        address == null ? "" : address,
        userAgent,
        insecureSkipTlsVerify,
        timeout,
        maxResponseBytes,
        kubeconfig);
  }

  public ClientConfig withUserAgent(String agent) {
    return new ClientConfig(
        server,
        authorities,
        credentials,
        localAddress,
        agent,
        insecureSkipTlsVerify,
        timeout,
        maxResponseBytes,
        kubeconfig);
  }

  public ClientConfig withTimeout(Duration longest) {
    return new ClientConfig(
        server,
        authorities,
        credentials,
        localAddress,
        userAgent,
        insecureSkipTlsVerify,
        longest,
        maxResponseBytes,
        kubeconfig);
  }

  /** Accepts any server certificate from now on: the connection may go to anyone. */
  public ClientConfig withInsecureSkipTlsVerify() {
    return new ClientConfig(
        server,
        authorities,
        credentials,
        localAddress,
        userAgent,
        true,
        timeout,
        maxResponseBytes,
        kubeconfig);
  }

  public ClientConfig withMaxResponseBytes(int bytes) {
    return new ClientConfig(
        server,
        authorities,
        credentials,
        localAddress,
        userAgent,
        insecureSkipTlsVerify,
        timeout,
        bytes,
        kubeconfig);
  }

  /** Follows this file, or none when it is null. */
  public ClientConfig withKubeconfig(Path file) {
    return new ClientConfig(
        server,
        authorities,
        credentials,
        localAddress,
        userAgent,
        insecureSkipTlsVerify,
        timeout,
        maxResponseBytes,
        file);
  }

  int port() {
    return server.getPort() < 0 ? 443 : server.getPort();
  }
}
