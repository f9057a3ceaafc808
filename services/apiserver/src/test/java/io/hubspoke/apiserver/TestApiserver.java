package io.hubspoke.apiserver;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.ApiserverOptions.Serving;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/** A whole apiserver on a free port, with its authority, and clients of it. */
public final class TestApiserver implements AutoCloseable {
  public static final Duration VALIDITY = Duration.ofHours(1);

  public final CertificateAuthority ca = CertificateAuthority.create("test-ca", VALIDITY);
  public final Vertx vertx = Component.vertx();
  public final Apiserver apiserver;
  public final Path dir;

  /** Starts one with these changes to kubeadm's settings. */
  public TestApiserver(Path dir, UnaryOperator<ApiserverOptions> change) throws Exception {
    this.dir = dir;
    Path caFile = dir.resolve("ca.crt");
    Files.writeString(caFile, Pem.encode(ca.certificate()));
    ca.issueServer("kube-apiserver", SubjectAltNames.of("127.0.0.1", "localhost"), VALIDITY)
        .write(dir.resolve("apiserver.crt"), dir.resolve("apiserver.key"));
    Serving serving =
        new Serving("127.0.0.1", 0, dir.resolve("apiserver.crt"), dir.resolve("apiserver.key"));
    apiserver = new Apiserver(change.apply(ApiserverOptions.secure(serving, caFile)));
    Await.result(vertx.deployVerticle(apiserver));
  }

  public int port() {
    return apiserver.port();
  }

  public Client admin() throws Exception {
    return client("kubernetes-admin", "system:masters");
  }

  public Client node(String name) throws Exception {
    return client("system:node:" + name, "system:nodes");
  }

  public Client client(String user, String... groups) throws Exception {
    return with(ca.issueClient(user, List.of(groups), VALIDITY));
  }

  public Client anonymous() throws Exception {
    return with(null);
  }

  /** Returns a client that presents this certificate. */
  public Client with(Identity identity) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        identity == null ? null : new KeyManager[] {new ReloadableKeys(identity)},
        new TrustManager[] {Tls.trust(List.of(ca.certificate()))},
        null);
    return new Client(
        "https://127.0.0.1:" + port(), HttpClient.newBuilder().sslContext(context).build(), "");
  }

  @Override
  public void close() {
    try {
      Await.result(vertx.close());
    } catch (Exception e) {
      throw new IllegalStateException("the apiserver did not stop", e);
    }
  }

  /** Sends requests as somebody. */
  public record Client(String server, HttpClient http, String token) {
    public Client withToken(String bearer) {
      return new Client(server, http, bearer);
    }

    public Answer get(String path) throws Exception {
      return send("GET", path, null);
    }

    public Answer post(String path, ObjectNode body) throws Exception {
      return send("POST", path, body);
    }

    public Answer put(String path, ObjectNode body) throws Exception {
      return send("PUT", path, body);
    }

    public Answer delete(String path) throws Exception {
      return send("DELETE", path, null);
    }

    public Answer send(String method, String path, ObjectNode body) throws Exception {
      var request =
          request(path)
              .header("Content-Type", "application/json")
              .method(
                  method,
                  body == null
                      ? BodyPublishers.noBody()
                      : BodyPublishers.ofByteArray(Json.bytes(body)))
              .build();
      return new Answer(http.send(request, BodyHandlers.ofString()));
    }

    public HttpRequest.Builder request(String path) {
      var request =
          HttpRequest.newBuilder(URI.create(server + path)).timeout(Duration.ofSeconds(20));
      return token.isEmpty() ? request : request.header("Authorization", "Bearer " + token);
    }
  }

  /** What came back. */
  public record Answer(HttpResponse<String> response) {
    public int code() {
      return response.statusCode();
    }

    public String text() {
      return response.body();
    }

    public ObjectNode json() {
      return Json.parseObject(response.body().getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    public String message() {
      return json().path("message").asText();
    }
  }
}
