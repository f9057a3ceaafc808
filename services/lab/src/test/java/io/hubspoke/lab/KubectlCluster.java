package io.hubspoke.lab;

import io.hubspoke.apiserver.Apiserver;
import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.apiserver.ApiserverOptions.Serving;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** An apiserver with kubeconfig files for those who call it. */
final class KubectlCluster implements AutoCloseable {
  private static final Duration VALIDITY = Duration.ofHours(1);

  private final CertificateAuthority ca = CertificateAuthority.create("test-ca", VALIDITY);
  private final Vertx vertx = Component.vertx();
  private final Apiserver apiserver;
  private final Path dir;

  KubectlCluster(Path dir) throws Exception {
    this.dir = dir;
    Path caFile = dir.resolve("ca.crt");
    Files.writeString(caFile, Pem.encode(ca.certificate()));
    Path certificate = dir.resolve("apiserver.crt");
    Path key = dir.resolve("apiserver.key");
    ca.issueServer("kube-apiserver", SubjectAltNames.of("127.0.0.1"), VALIDITY)
        .write(certificate, key);
    apiserver =
        new Apiserver(
            ApiserverOptions.secure(new Serving("127.0.0.1", 0, certificate, key), caFile));
    Await.result(vertx.deployVerticle(apiserver));
  }

  /** Writes a kubeconfig of a user with a client certificate. */
  Path kubeconfig(String user, String... groups) throws Exception {
    Path file = dir.resolve(user.replace(':', '-') + ".kubeconfig");
    Kubeconfig.of(
            "test",
            Kubeconfig.Cluster.trusting("https://127.0.0.1:" + apiserver.port(), ca.certificate()),
            user,
            Kubeconfig.User.of(ca.issueClient(user, List.of(groups), VALIDITY)))
        .write(file);
    return file;
  }

  @Override
  public void close() {
    try {
      Await.result(vertx.close());
    } catch (Exception e) {
      throw new IllegalStateException("the apiserver did not stop", e);
    }
  }
}
