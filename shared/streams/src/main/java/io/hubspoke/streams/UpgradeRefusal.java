package io.hubspoke.streams;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.hubspoke.streams.upgrade.UpgradeAnswer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpServerRequest;
import java.nio.charset.StandardCharsets;

/** Why a request for streams got none; the client was answered with it. */
public final class UpgradeRefusal extends Exception {
  private static final long serialVersionUID = 1;
  private static final int MAX_BODY = 1 << 16;

  private UpgradeRefusal(String message) {
    super(message, null, false, false);
  }

  /** Answers in plain text, as Go's {@code http.Error} does. */
  public static <T> Future<T> answer(HttpServerRequest request, int code, String message) {
    request
        .response()
        .setStatusCode(code)
        .putHeader("Content-Type", "text/plain; charset=utf-8")
        .putHeader("X-Content-Type-Options", "nosniff")
        .putHeader("Connection", "close");
    return request
        .response()
        .end(message + "\n")
        .transform(sent -> Future.failedFuture(new UpgradeRefusal(message)));
  }

  /** Fails with the Status that a server answered with, or what else it said. */
  static <T> Future<T> of(UpgradeAnswer.Refused answer) {
    HttpClientResponse response = answer.response();
    Buffer body = Buffer.buffer();
    Promise<T> refused = Promise.promise();
    response.exceptionHandler(refused::tryFail);
    response.endHandler(v -> refused.tryFail(reason(response.statusCode(), body)));
    response.handler(
        more -> {
          if (body.length() < MAX_BODY) {
            body.appendBuffer(more);
          } else {
            refused.tryFail(reason(response.statusCode(), body));
            response.request().reset();
          }
        });
    response.resume();
    return refused.future();
  }

  private static ApiException reason(int code, Buffer body) {
    try {
      ObjectNode json = Json.parseObject(body.getBytes());
      if (json.path("kind").asText().equals("Status")) {
        return Status.fromJson(json).toException();
      }
    } catch (ApiException noStatus) {
      // Told as it is.
    }
    String said = body.toString(StandardCharsets.UTF_8).strip();
    return Status.of(code, "Unknown", "unable to upgrade connection: " + said).toException();
  }
}
