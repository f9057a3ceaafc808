package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A webhook over TLS, with an authority of its own, that answers as it is told. */
final class TestWebhook {
  /** Answers a request in a way of its own. */
  @FunctionalInterface
  interface Answer {
    void to(HttpServerRequest http, ObjectNode review);
  }

  final CertificateAuthority ca = CertificateAuthority.create("webhook-ca", Duration.ofHours(1));

  /** What was asked, without what is about it. */
  final List<ObjectNode> asked = new CopyOnWriteArrayList<>();

  /** At which paths. */
  final List<String> uris = new CopyOnWriteArrayList<>();

  final AtomicInteger connections = new AtomicInteger();
  volatile Answer answer = says(request -> allowed());
  private final HttpServer server;

  TestWebhook(Vertx vertx, String address, String... names) throws Exception {
    var identity = ca.issueServer("webhook", SubjectAltNames.of(names), Duration.ofHours(1));
    server =
        Await.result(
            vertx
                .createHttpServer(
                    Tls.serve(new HttpServerOptions(), new ReloadableKeys(identity), null))
                .connectionHandler(made -> connections.incrementAndGet())
                .requestHandler(this::handle)
                .listen(0, address));
  }

  private void handle(HttpServerRequest http) {
    http.body()
        .onSuccess(
            body -> {
              ObjectNode review = Json.parseObject(body.getBytes());
              asked.add((ObjectNode) review.path("request"));
              uris.add(http.uri());
              answer.to(http, review);
            });
  }

  int port() {
    return server.actualPort();
  }

  String url(String path) {
    return "https://127.0.0.1:" + port() + path;
  }

  /** Returns the authority as a {@code caBundle}. */
  String caBundle() {
    return bundle(ca);
  }

  static String bundle(CertificateAuthority ca) {
    return Base64.getEncoder()
        .encodeToString(Pem.encode(ca.certificate()).getBytes(StandardCharsets.UTF_8));
  }

  /** Forgets what was asked, and answers like this. */
  void answers(Function<ObjectNode, ObjectNode> response) {
    answers(says(response));
  }

  void answers(Answer other) {
    asked.clear();
    uris.clear();
    answer = other;
  }

  /** Answers with a response to each request, which is given the request's uid. */
  static Answer says(Function<ObjectNode, ObjectNode> response) {
    return (http, review) -> {
      ObjectNode request = (ObjectNode) review.path("request");
      ObjectNode said = Json.object();
      said.put("kind", "AdmissionReview").set("apiVersion", review.get("apiVersion"));
      ObjectNode made = response.apply(request);
      if (!made.has("uid")) {
        made.set("uid", request.get("uid"));
      }
      said.set("response", made);
      http.response().end(said.toString());
    };
  }

  static ObjectNode allowed() {
    return Json.object().put("allowed", true);
  }

  static ObjectNode denied(int code, String message) {
    ObjectNode response = Json.object().put("allowed", false);
    response.putObject("status").put("code", code).put("message", message);
    return response;
  }

  /** Patches; single quotes stand for double ones. */
  static ObjectNode patch(String operations) {
    byte[] json = operations.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    return allowed().put("patchType", "JSONPatch").put("patch", json);
  }
}
