package io.hubspoke.kubelet.server;

import io.hubspoke.client.delegation.Caller;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** A request that its caller may make, and the answer to it. */
final class Exchange {
  static final String TEXT = "text/plain; charset=utf-8";
  static final String JSON = "application/json";

  private final HttpServerRequest request;
  private final String path;
  private final Caller caller;
  private final Map<String, String> parameters;
  private final Consumer<Access> log;
  private final AtomicBoolean logged = new AtomicBoolean();

  /**
   * Begins an exchange.
   *
   * @param request paused
   * @param path decoded
   * @param caller null when not known
   */
  Exchange(HttpServerRequest request, String path, Caller caller, Consumer<Access> log) {
    this(request, path, caller, Map.of(), log);
  }

  private Exchange(
      HttpServerRequest request,
      String path,
      Caller caller,
      Map<String, String> parameters,
      Consumer<Access> log) {
    this.request = request;
    this.path = path;
    this.caller = caller;
    this.parameters = parameters;
    this.log = log;
  }

  Exchange with(Map<String, String> pathParameters) {
    return new Exchange(request, path, caller, pathParameters, log);
  }

  HttpServerRequest request() {
    return request;
  }

  HttpServerResponse response() {
    return request.response();
  }

  String path() {
    return path;
  }

  /** Returns a part of the path by its name in the route, or an empty text. */
  String parameter(String name) {
    return parameters.getOrDefault(name, "");
  }

  /** Returns the first value of the query's parameter, or an empty text. */
  String query(String name) {
    String value = request.getParam(name);
    return value == null ? "" : value;
  }

  void json(String body) {
    answer(200, JSON, Buffer.buffer(body));
  }

  void text(String body) {
    answer(200, TEXT, Buffer.buffer(body));
  }

  /** Answers with a text that says why not. */
  void refuse(int code, String message) {
    answer(code, TEXT, Buffer.buffer(message));
  }

  void answer(int code, String contentType, Buffer body) {
    // What is left of its body is read past.
    request.resume();
    Future<Void> sent =
        response().setStatusCode(code).putHeader("Content-Type", contentType).end(body);
    sent.onComplete(done -> answered(code));
  }

  /** Tells the access log, once, how the request was answered. */
  void answered(int code) {
    if (!logged.compareAndSet(false, true)) {
      return;
    }
    log.accept(
        new Access(
            request.method().name(),
            request.path(),
            caller == null ? "" : caller.name(),
            caller == null ? java.util.List.of() : caller.groups(),
            String.valueOf(request.remoteAddress()),
            code));
  }
}
