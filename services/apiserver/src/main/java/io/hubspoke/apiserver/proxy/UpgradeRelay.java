package io.hubspoke.apiserver.proxy;

import io.hubspoke.api.Status;
import io.hubspoke.apiserver.http.ApiRequest;
import io.hubspoke.streams.upgrade.Splice;
import io.hubspoke.streams.upgrade.UpgradeAnswer;
import io.hubspoke.streams.upgrade.UpgradeClient;
import io.hubspoke.streams.upgrade.UpgradeServer;
import io.hubspoke.streams.upgrade.Upgraded;
import io.vertx.core.Future;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;

/**
 * Passes an upgrade on to a backend and joins the two connections, whatever they speak from then
 * on. A backend that refuses is heard by the client in its own words.
 */
final class UpgradeRelay {
  /** A backend agrees before it does anything, so this is long. */
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(30);

  private UpgradeRelay() {}

  /**
   * Completes when both connections have ended.
   *
   * @param sent to the backend, with its headers, not sent yet
   */
  static Future<Void> pass(ApiRequest request, HttpClientRequest sent) {
    HttpServerResponse response = request.http().response();
    // Whoever goes meanwhile takes the backend's connection with him.
    response.closeHandler(gone -> sent.reset());
    // It is told by the answer's failure.
    sent.exceptionHandler(broken -> {});
    if (response.closed()) {
      return sent.reset().otherwiseEmpty().mapEmpty();
    }
    return UpgradeClient.upgrade(sent, LONGEST_ANSWER)
        .recover(failure -> Future.failedFuture(BackendError.of("error dialing backend", failure)))
        .compose(
            answer ->
                switch (answer) {
                  case Upgraded far -> join(request, far);
                  case UpgradeAnswer.Refused refused -> refused(request, refused.response());
                });
  }

  private static Future<Void> join(ApiRequest request, Upgraded far) {
    return UpgradeServer.accept(request.http(), ForwardedHeaders.ofUpgrade(far.headers()))
        .onFailure(gone -> far.socket().close())
        .compose(near -> Splice.join(near, far));
  }

  private static Future<Void> refused(ApiRequest request, HttpClientResponse answer) {
    int code = answer.statusCode();
    if (code < 400) {
      answer.exceptionHandler(reset -> {});
      answer.request().reset();
      return Future.failedFuture(
          Status.of(500, "", "invalid upgrade response: status code " + code).toException());
    }
    HttpServerResponse response = request.http().response();
    response.setStatusCode(code);
    ForwardedHeaders.copyAnswer(answer, response);
    return answer.pipe().endOnFailure(false).to(response).onFailure(broken -> response.reset());
  }
}
