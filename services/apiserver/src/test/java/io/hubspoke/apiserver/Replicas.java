package io.hubspoke.apiserver;

import io.hubspoke.apiserver.ApiserverOptions.Serving;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.apiserver.store.MemoryStore;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.vertx.core.Vertx;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** Apiservers over one store, each at an address of its own and all at the same port. */
public final class Replicas implements AutoCloseable {
  private final CertificateAuthority ca =
      CertificateAuthority.create("test-ca", TestApiserver.VALIDITY);
  private final Vertx vertx = Component.vertx();
  private final MemoryStore store = new MemoryStore();
  private final Map<String, String> deployments = new HashMap<>();
  private final Path dir;
  private final UnaryOperator<ApiserverOptions> change;
  private final int port;

  public Replicas(Path dir, UnaryOperator<ApiserverOptions> change) throws Exception {
    this.dir = dir;
    this.change = change;
    Files.writeString(dir.resolve("ca.crt"), Pem.encode(ca.certificate()));
    port = FreePort.at("127.0.0.1");
  }

  public MemoryStore store() {
    return store;
  }

  public int port() {
    return port;
  }

  public void start(String address) throws Exception {
    ca.issueServer("kube-apiserver", SubjectAltNames.of(address), TestApiserver.VALIDITY)
        .write(dir.resolve(address + ".crt"), dir.resolve(address + ".key"));
    var serving =
        new Serving(address, port, dir.resolve(address + ".crt"), dir.resolve(address + ".key"));
    var options = change.apply(ApiserverOptions.secure(serving, dir.resolve("ca.crt")));
    deployments.put(address, Await.result(vertx.deployVerticle(new Apiserver(options, store))));
  }

  public void stop(String address) throws Exception {
    Await.result(vertx.undeploy(deployments.remove(address)));
  }

  public Client admin(String address) throws Exception {
    var admin =
        ca.issueClient("kubernetes-admin", List.of("system:masters"), TestApiserver.VALIDITY);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        new KeyManager[] {new ReloadableKeys(admin)},
        new TrustManager[] {Tls.trust(List.of(ca.certificate()))},
        null);
    return new Client(
        "https://" + address + ":" + port, HttpClient.newBuilder().sslContext(context).build(), "");
  }

  @Override
  public void close() {
    try {
      Await.result(vertx.close());
    } catch (Exception e) {
      throw new IllegalStateException("the apiservers did not stop", e);
    }
  }
}
