package io.hubspoke.lab.images;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.kubelet.runtime.InProcessImage;
import io.hubspoke.kubelet.runtime.Program;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.nio.charset.StandardCharsets;

/**
 * Image {@code hubspoke/webhook}: an admission webhook. It denies objects with an annotation {@code
 * hubspoke.io/deny}, whose value it gives as the reason, warns with the value of {@code
 * hubspoke.io/warn}, and at path {@code /mutate} gives the others label {@code
 * hubspoke.io/reviewed}. Its certificate and key are {@code tls.crt} and {@code tls.key} in {@code
 * /etc/webhook}, its port comes from {@code --port=N} or is 8443. Each review is a line of its log.
 */
public final class WebhookImage {
  public static final String NAME = "hubspoke/webhook";
  public static final String MOUNT = "/etc/webhook";

  private static final int DEFAULT_PORT = 8443;
  private static final int MAX_BODY = 8 << 20;
  private static final String LABEL = "hubspoke.io~1reviewed";

  private WebhookImage() {}

  public static InProcessImage image() {
    return new InProcessImage(NAME, "/usr/local/bin/webhook", Server::new);
  }

  private static final class Server implements Program {
    private final Surroundings given;
    private final Promise<Integer> exit = Promise.promise();
    private HttpServer server;
    private boolean killed;

    Server(Surroundings given) {
      this.given = given;
    }

    @Override
    public Future<Integer> run() {
      given
          .context()
          .executeBlocking(
              () ->
                  Identity.read(
                      given.files().file(MOUNT + "/tls.crt"),
                      given.files().file(MOUNT + "/tls.key")))
          .compose(this::listen)
          .onSuccess(bound -> given.out("listening on " + given.ip() + ":" + bound.actualPort()))
          .onFailure(
              failure -> {
                given.err("webhook: " + Component.reason(failure));
                exit.tryComplete(1);
              });
      return exit.future();
    }

    private Future<HttpServer> listen(Identity identity) {
      if (killed) {
        return Future.failedFuture("killed");
      }
      var http =
          Tls.serve(
              new HttpServerOptions().setHost(given.listenIp()).setPort(port()).setIdleTimeout(60),
              new ReloadableKeys(identity),
              null);
      server =
          given
              .context()
              .owner()
              .createHttpServer(http)
              .connectionHandler(connection -> connection.exceptionHandler(gone -> {}))
              .requestHandler(this::take);
      return server.listen();
    }

    private int port() {
      for (var argument : given.arguments()) {
        if (argument.matches("--port=\\d{1,5}")) {
          return Integer.parseInt(argument.substring("--port=".length()));
        }
      }
      return DEFAULT_PORT;
    }

    private void take(HttpServerRequest request) {
      var body = Buffer.buffer();
      request.exceptionHandler(gone -> {});
      request.handler(
          part -> {
            if (body.length() + part.length() > MAX_BODY) {
              request.response().setStatusCode(413).putHeader("Connection", "close").end();
              request.handler(more -> {});
            } else {
              body.appendBuffer(part);
            }
          });
      request.endHandler(
          end -> {
            if (!request.response().ended()) {
              answer(request, body);
            }
          });
    }

    private void answer(HttpServerRequest request, Buffer body) {
      ObjectNode review;
      try {
        review = Json.parseObject(body.getBytes());
      } catch (ApiException e) {
        request.response().setStatusCode(400).end(e.getMessage() + "\n");
        return;
      }
      var asked = review.path("request");
      var object = asked.path(asked.path("object").isObject() ? "object" : "oldObject");
      var annotations = Meta.annotations(object);
      var response = Json.object().put("uid", asked.path("uid").asText()).put("allowed", true);
      var why = annotations.get("hubspoke.io/deny");
      if (annotations.containsKey("hubspoke.io/warn")) {
        response.putArray("warnings").add(annotations.get("hubspoke.io/warn"));
      }
      if (why != null) {
        response.put("allowed", false).putObject("status").put("code", 403).put("message", why);
      } else if (request.path().equals("/mutate") && asked.path("object").isObject()) {
        response.put("patchType", "JSONPatch").put("patch", patch(object));
      }
      given.out(
          "%s %s %s/%s %s"
              .formatted(
                  asked.path("operation").asText(),
                  asked.path("resource").path("resource").asText(),
                  asked.path("namespace").asText(),
                  asked.path("name").asText(),
                  why == null ? "allowed" : "denied"));
      var answer = Json.object().put("kind", "AdmissionReview");
      answer.set("apiVersion", review.path("apiVersion"));
      answer.set("response", response);
      request
          .response()
          .putHeader("Content-Type", "application/json")
          .end(Buffer.buffer(Json.bytes(answer)));
    }

    private static byte[] patch(JsonNode object) {
      var operations = Json.object().putArray("operations");
      if (!object.path("metadata").path("labels").isObject()) {
        operations.addObject().put("op", "add").put("path", "/metadata/labels").putObject("value");
      }
      operations
          .addObject()
          .put("op", "add")
          .put("path", "/metadata/labels/" + LABEL)
          .put("value", "yes");
      return operations.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void terminate() {
      kill().onComplete(closed -> exit.tryComplete(0));
    }

    @Override
    public Future<Void> kill() {
      killed = true;
      return server == null ? Future.succeededFuture() : server.close().otherwiseEmpty();
    }
  }
}
