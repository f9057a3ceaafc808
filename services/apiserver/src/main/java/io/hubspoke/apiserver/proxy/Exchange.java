package io.hubspoke.apiserver.proxy;

import io.hubspoke.api.Status;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.util.Locale;

/** A request and its answer on their way through, which may overlap. */
final class Exchange {
  private final HttpServerRequest http;
  private final HttpServerResponse response;
  private final HttpClientRequest sent;
  private final LinkRewriter links;
  private boolean bodySent;

  Exchange(HttpServerRequest http, HttpClientRequest sent, LinkRewriter links) {
    this.http = http;
    this.response = http.response();
    this.sent = sent;
    this.links = links;
  }

  /** Completes when the answer has gone out. */
  Future<Void> run() {
    response.closeHandler(gone -> sent.reset());
    if (response.closed()) {
      return sent.reset().otherwiseEmpty().mapEmpty();
    }
    // Only the preliminary answers that a client can use go on.
    sent.earlyHintsHandler(hints -> response.writeEarlyHints(hints).otherwiseEmpty());
    Future<HttpClientResponse> answered =
        sent.response()
            .map(
                answer -> {
                  answer.pause();
                  return answer;
                })
            .recover(failure -> Future.failedFuture(BackendError.unreachable(failure)));
    sendBody(answered);
    return answered.compose(this::relay).onComplete(done -> leave());
  }

  private void sendBody(Future<HttpClientResponse> answered) {
    if (!hasBody()) {
      bodySent = true;
      // Its failure is the answer's.
      sent.end().otherwiseEmpty();
      http.resume();
      return;
    }
    String length = http.getHeader("Content-Length");
    if (length == null) {
      sent.setChunked(true);
    } else {
      sent.putHeader("Content-Length", length);
    }
    http.pipeTo(sent)
        .onComplete(
            piped -> {
              bodySent = piped.succeeded();
              if (piped.failed() && !answered.isComplete()) {
                sent.reset();
              }
            });
  }

  private boolean hasBody() {
    String length = http.getHeader("Content-Length");
    if (length != null) {
      return !length.strip().equals("0");
    }
    if (http.version() != HttpVersion.HTTP_2) {
      return http.headers().contains("Transfer-Encoding");
    }
    return http.method().equals(HttpMethod.POST)
        || http.method().equals(HttpMethod.PUT)
        || http.method().equals(HttpMethod.PATCH);
  }

  private Future<Void> relay(HttpClientResponse answer) {
    response.setStatusCode(answer.statusCode()).setStatusMessage(answer.statusMessage());
    ForwardedHeaders.copyAnswer(answer, response);
    ForwardedHeaders.removeCors(response.headers());
    String location = answer.getHeader("Location");
    if (location != null) {
      response.putHeader("Location", links.rewrite(location));
    }
    if (http.method().equals(HttpMethod.HEAD)
        || answer.statusCode() == 204
        || answer.statusCode() == 304) {
      response.setChunked(false);
      answer.resume();
      return answer.end().compose(end -> response.end());
    }
    HtmlLinks page = location == null && isPlainPage(answer) ? new HtmlLinks(links::rewrite) : null;
    if (page != null) {
      response.headers().remove("Content-Length");
      response.setChunked(true);
    }
    return pump(answer, page);
  }

  /** Only a whole page whose bytes can be read has links that can be found. */
  private static boolean isPlainPage(HttpClientResponse answer) {
    String type = answer.getHeader("Content-Type");
    String encoding = answer.getHeader("Content-Encoding");
    return type != null
        && type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT).equals("text/html")
        && (encoding == null || encoding.equalsIgnoreCase("identity"))
        && answer.statusCode() != 206;
  }

  private Future<Void> pump(HttpClientResponse answer, HtmlLinks page) {
    Promise<Void> done = Promise.promise();
    answer.exceptionHandler(
        broken -> {
          // What breaks off must not look complete.
          response.reset();
          done.tryFail(BackendError.unreachable(broken));
        });
    answer.endHandler(
        end -> {
          if (page != null) {
            response.write(page.end()).otherwiseEmpty();
          }
          if (response.isChunked()) {
            ForwardedHeaders.copyTrailers(answer, response);
          }
          response.end().onSuccess(v -> done.tryComplete()).onFailure(done::tryFail);
        });
    answer.handler(
        piece -> {
          Buffer out = page == null ? piece : page.next(piece);
          if (out.length() > 0) {
            response.write(out).onFailure(done::tryFail);
          }
          if (response.writeQueueFull()) {
            answer.pause();
            response.drainHandler(drained -> answer.resume());
          }
        });
    // The head goes ahead of a body that may take its time.
    response.writeHead().onFailure(done::tryFail);
    answer.resume();
    response.closeHandler(
        gone -> {
          sent.reset();
          done.tryFail(Status.badRequest("the client has gone").toException());
        });
    return done.future();
  }

  /** Ends what can't be used for another request: one whose body nobody waited for. */
  private void leave() {
    if (!bodySent) {
      sent.reset();
      if (http.version() == HttpVersion.HTTP_2) {
        response.reset();
      } else {
        http.connection().close();
      }
    }
  }
}
