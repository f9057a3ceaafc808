package io.hubspoke.apiserver.kubeletclient;

import io.hubspoke.api.Status;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.nio.charset.StandardCharsets;

/** Turns a kubelet's refusal into the {@code Status} that the real apiserver makes of it. */
final class KubeletError {
  /** Most bytes of a message that are passed on. */
  private static final int MAX_MESSAGE = 50 * 1024;

  private KubeletError() {}

  static Future<Status> read(HttpClientResponse answer, String pod) {
    Promise<Status> read = Promise.promise();
    Buffer body = Buffer.buffer();
    answer.exceptionHandler(read::tryFail);
    answer.endHandler(end -> read.tryComplete(status(answer.statusCode(), text(body), pod)));
    answer.handler(
        part -> {
          body.appendBuffer(part);
          if (body.length() >= MAX_MESSAGE) {
            answer.request().reset();
            read.tryComplete(status(answer.statusCode(), text(body), pod));
          }
        });
    return read.future();
  }

  private static Status status(int code, String message, String pod) {
    String about = " ( pods/log " + pod + ")";
    return switch (code) {
      case 400 -> Status.badRequest(message);
      case 401 ->
          Status.of(
              401,
              "Unauthorized",
              "the server has asked for the client to provide credentials" + about);
      case 403 -> Status.of(403, "Forbidden", message + about);
      case 404 ->
          Status.of(404, "NotFound", "the server could not find the requested resource" + about);
      case 500 -> Status.internalError(message);
      default ->
          Status.of(
              code,
              "",
              "an error on the server (\""
                  + message
                  + "\") prevented the request from succeeding"
                  + about);
    };
  }

  private static String text(Buffer body) {
    int end = Math.min(body.length(), MAX_MESSAGE);
    return body.getString(0, end, StandardCharsets.UTF_8.name()).strip();
  }
}
