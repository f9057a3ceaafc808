package io.hubspoke.streams;

import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;

/** Why a request for streams got none; the client was answered with it. */
public final class UpgradeRefusal extends Exception {
  private static final long serialVersionUID = 1;

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
}
