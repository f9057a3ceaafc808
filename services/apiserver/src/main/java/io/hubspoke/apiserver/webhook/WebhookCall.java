package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.runtime.Component;
import io.hubspoke.tunnel.TunnelDownException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.time.Duration;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;

/** One call of a webhook, on one context: never longer than its time, never another place. */
final class WebhookCall {
  /** What a patch of the largest object may be; more is none. */
  private static final int MAX_BYTES = 8 * 1024 * 1024;

  private static final int BAD_REQUEST = 400;

  private final Vertx vertx;
  private final Webhook webhook;
  private final Duration time;
  private final Promise<Buffer> answer;
  private final String uri;
  private HttpClientRequest request;
  private long timer;

  WebhookCall(Vertx vertx, Webhook webhook, Duration time, Promise<Buffer> answer) {
    this.vertx = vertx;
    this.webhook = webhook;
    this.time = time;
    this.answer = answer;
    this.uri = "?timeout=" + time.plusMillis(999).toSeconds() + "s";
  }

  void start(
      Supplier<Future<WebhookClients.Route>> route,
      BiFunction<Webhook, WebhookClients.Route, HttpClient> clients,
      Buffer review) {
    timer =
        vertx.setTimer(
            Math.max(1, time.toMillis()), t -> fail(BAD_REQUEST, "context deadline exceeded"));
    answer
        .future()
        .onComplete(
            done -> {
              vertx.cancelTimer(timer);
              if (done.failed() && request != null) {
                request.reset();
              }
            });
    route
        .get()
        .compose(found -> client(clients, found).compose(client -> client.request(options(found))))
        .onComplete(
            opened -> {
              if (opened.failed()) {
                fail(opened.cause());
                return;
              }
              request = opened.result();
              request.exceptionHandler(this::fail);
              if (answer.future().isComplete()) {
                // Its time was over before it could be sent.
                request.reset();
                return;
              }
              request
                  .putHeader("Content-Type", "application/json")
                  .putHeader("Accept", "application/json, */*")
                  .putHeader("User-Agent", "kube-apiserver-admission")
                  .send(review)
                  .onSuccess(this::read)
                  .onFailure(this::fail);
            });
  }

  private Future<HttpClient> client(
      BiFunction<Webhook, WebhookClients.Route, HttpClient> clients, WebhookClients.Route route) {
    try {
      return Future.succeededFuture(clients.apply(webhook, route));
    } catch (IllegalArgumentException e) {
      return Future.failedFuture(
          new WebhookCallException(BAD_REQUEST, "could not get REST client: " + e.getMessage()));
    }
  }

  private RequestOptions options(WebhookClients.Route route) {
    Destination destination = webhook.destination();
    return new RequestOptions()
        .setMethod(HttpMethod.POST)
        .setServer(route.egress().address(route.target()))
        .setHost(destination.host())
        .setPort(destination.port())
        .setURI(destination.path() + uri)
        .setFollowRedirects(false);
  }

  private void read(HttpClientResponse response) {
    Buffer whole = Buffer.buffer();
    response.exceptionHandler(this::fail);
    response.handler(
        bytes -> {
          if (whole.length() + bytes.length() > MAX_BYTES) {
            fail(BAD_REQUEST, "the response is longer than " + MAX_BYTES + " bytes");
          } else {
            whole.appendBuffer(bytes);
          }
        });
    response.endHandler(
        end -> {
          int code = response.statusCode();
          // As Go's client of the API: what is between is redirection, which is never followed.
          if (code < 200 || code > 206) {
            answer.tryFail(
                new WebhookCallException(code, "failed to call webhook: " + refusal(code, whole)));
          } else {
            answer.tryComplete(whole);
          }
        });
  }

  private static String refusal(int code, Buffer body) {
    try {
      JsonNode status = Json.parseObject(body.getBytes());
      String message = status.path("message").asText("");
      if (status.path("kind").asText("").equals("Status") && !message.isEmpty()) {
        return message;
      }
    } catch (ApiException none) {
      // It says nothing but its code.
    }
    return switch (code) {
      case 401 -> "the server has asked for the client to provide credentials";
      case 403 -> "the server does not allow access to the requested resource";
      case 404 -> "the server could not find the requested resource";
      case 405 -> "the server does not allow this method on the requested resource";
      case 429 -> "the server has received too many requests and has asked us to try again later";
      case 503 -> "the server is currently unable to handle the request";
      default ->
          "the server responded with the status code " + code + " but did not return more details";
    };
  }

  private void fail(Throwable failure) {
    if (failure instanceof WebhookCallException told) {
      answer.tryFail(told);
      return;
    }
    Throwable down = failure;
    while (down != null && !(down instanceof TunnelDownException)) {
      down = down.getCause();
    }
    String reason = down == null ? reason(failure) : Component.reason(down);
    answer.tryFail(new WebhookCallException(BAD_REQUEST, told(reason), down != null, failure));
  }

  private void fail(int code, String reason) {
    answer.tryFail(new WebhookCallException(code, told(reason)));
  }

  private String told(String reason) {
    return "failed to call webhook: Post \"" + webhook.destination().text() + uri + "\": " + reason;
  }

  /** Of a handshake the innermost cause says what is wrong with the certificate. */
  private static String reason(Throwable failure) {
    Throwable cause = failure;
    while (failure instanceof SSLException
        && cause.getCause() != null
        && cause.getCause().getMessage() != null) {
      cause = cause.getCause();
    }
    return Component.reason(cause);
  }
}
