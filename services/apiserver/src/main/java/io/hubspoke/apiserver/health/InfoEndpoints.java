package io.hubspoke.apiserver.health;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.apiserver.http.Endpoint;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.Collection;
import java.util.function.Supplier;

/** Makes the endpoints that tell about the server: version, paths, metrics. */
public final class InfoEndpoints {
  private InfoEndpoints() {}

  /** Answers {@code /version}. */
  public static Endpoint version() {
    byte[] body = Json.bytes(Version.info());
    return get(request -> json(request, body));
  }

  /** Answers {@code /} with the paths that there are. */
  public static Endpoint paths(Collection<String> paths) {
    var root = Json.object();
    var array = root.putArray("paths");
    paths.stream().sorted().forEach(array::add);
    byte[] body = Json.bytes((JsonNode) root);
    return get(request -> json(request, body));
  }

  /** Answers {@code /metrics} in Prometheus' text format. */
  public static Endpoint metrics(Supplier<String> text) {
    return get(
        request ->
            request
                .http()
                .response()
                .putHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                .end(text.get()));
  }

  private static Future<Void> json(ApiRequest request, byte[] body) {
    return request
        .http()
        .response()
        .putHeader("Content-Type", "application/json")
        .end(Buffer.buffer(body));
  }

  private static Endpoint get(Endpoint answer) {
    return request ->
        switch (request.info().verb()) {
          case "get", "head" -> answer.handle(request);
          default -> Future.failedFuture(Status.methodNotAllowed().toException());
        };
  }
}
