package io.hubspoke.lab.clients;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.hubspoke.apiserver.Apiserver;
import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.kubernetes.client.util.ClientBuilder;
import io.kubernetes.client.util.KubeConfig;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** An apiserver without controllers, and administrators' clients of three makes. */
final class Hub {
  private static final Duration VALIDITY = Duration.ofHours(1);

  final Vertx vertx = Component.vertx();
  private final CertificateAuthority authority = CertificateAuthority.create("clients", VALIDITY);
  private final Identity admin =
      authority.issueClient("kubernetes-admin", List.of("system:masters"), VALIDITY);
  private final Path dir;
  private final int port;

  Hub(Path dir) throws Exception {
    this.dir = dir;
    var caFile = dir.resolve("ca.crt");
    authority.write(caFile, dir.resolve("ca.key"));
    var certificate = dir.resolve("apiserver.crt");
    var key = dir.resolve("apiserver.key");
    authority
        .issueServer("kube-apiserver", SubjectAltNames.of("127.0.0.1"), VALIDITY)
        .write(certificate, key);
    var apiserver =
        new Apiserver(
            ApiserverOptions.secure(
                new ApiserverOptions.Serving("127.0.0.1", 0, certificate, key), caFile));
    Await.result(vertx.deployVerticle(apiserver));
    port = apiserver.port();
  }

  /** Returns the port where the apiserver itself listens. */
  int port() {
    return port;
  }

  /** Opens a way to the apiserver that can be cut. */
  Wire wire() throws Exception {
    return Await.result(
        Wire.open(
            vertx,
            SocketAddress.inetSocketAddress(0, "127.0.0.1"),
            SocketAddress.inetSocketAddress(port, "127.0.0.1")));
  }

  /** Returns Hubspoke's own client. */
  ApiClient own(int atPort) {
    return new ApiClient(
        vertx,
        ClientConfig.of(
            server(atPort), List.of(authority.certificate()), new Credentials.Certificate(admin)));
  }

  /** Returns fabric8's client. */
  KubernetesClient fabric8(int atPort) throws Exception {
    var config = Config.fromKubeconfig(Files.readString(kubeconfig(atPort)));
    // It takes a key whose header doesn't name the algorithm for one of RSA.
    config.setClientKeyAlgo("EC");
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  /** Returns the official Java client. */
  io.kubernetes.client.openapi.ApiClient official(int atPort) throws Exception {
    try (var reader = Files.newBufferedReader(kubeconfig(atPort))) {
      return ClientBuilder.kubeconfig(KubeConfig.loadKubeConfig(reader))
          // As its informers want it: a watch may be quiet.
          .setReadTimeout(Duration.ZERO)
          .build();
    }
  }

  private Path kubeconfig(int atPort) throws Exception {
    var file = Files.createTempFile(dir, "admin", ".kubeconfig");
    Files.delete(file);
    Kubeconfig.of(
            "hub",
            Kubeconfig.Cluster.trusting(server(atPort), authority.certificate()),
            "admin",
            Kubeconfig.User.of(admin))
        .write(file);
    return file;
  }

  private static String server(int atPort) {
    return "https://127.0.0.1:" + atPort;
  }

  void close() throws Exception {
    Await.result(vertx.close());
  }
}
