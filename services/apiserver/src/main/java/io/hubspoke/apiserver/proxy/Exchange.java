package io.hubspoke.apiserver.proxy;

import io.hubspoke.api.Status;
import io.vertx.core.Context;
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
  /** To HTTP/2's clients; without a code a reset says that all is well (RFC 9113, section 7). */
  private static final int INTERNAL_ERROR = 2;

  private final Context context;
  private final HttpServerRequest http;
  private final HttpServerResponse response;
  private final HttpClientRequest sent;
  private final LinkRewriter links;
  private boolean bodySent;

  /**
   * @param context of the request, on which the answer comes too
   */
  Exchange(Context context, HttpServerRequest http, HttpClientRequest sent, LinkRewriter links) {
    this.context = context;
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
    Pieces pieces = new Pieces(done, page, page == null ? length(answer) : -1);
    answer.exceptionHandler(
        broken -> {
          // What breaks off must not look complete.
          response.reset(INTERNAL_ERROR);
          done.tryFail(BackendError.unreachable(broken));
        });
    answer.endHandler(
        end -> {
          if (response.isChunked()) {
            ForwardedHeaders.copyTrailers(answer, response);
          }
          pieces.end();
        });
    answer.handler(
        piece -> {
          pieces.next(piece);
          if (response.writeQueueFull()) {
            answer.pause();
            response.drainHandler(drained -> answer.resume());
          }
        });
    response.closeHandler(
        gone -> {
          sent.reset();
          done.tryFail(clientGone());
        });
    answer.resume();
    // The head goes ahead of a body that takes its time, and with one that is there already.
    context.runOnContext(
        v -> {
          if (!done.future().isComplete() && !response.headWritten() && !response.closed()) {
            response.writeHead().onFailure(gone -> done.tryFail(clientGone()));
          }
        });
    return done.future();
  }

  private static Throwable clientGone() {
    return Status.badRequest("the client has gone").toException();
  }

  /** Returns how long the body is said to be, or -1. */
  private static long length(HttpClientResponse answer) {
    String length = answer.getHeader("Content-Length");
    try {
      return length == null ? -1 : Long.parseLong(length);
    } catch (NumberFormatException several) {
      return -1;
    }
  }

  /** The body on its way to the client. A short answer leaves in one piece with its head. */
  private final class Pieces {
    private final Promise<Void> done;
    private final HtmlLinks page;
    private long left;
    private Buffer last;

    /**
     * @param length of the body; negative when it shows only at the end
     */
    Pieces(Promise<Void> done, HtmlLinks page, long length) {
      this.done = done;
      this.page = page;
      this.left = length < 0 ? Long.MAX_VALUE : length;
    }

    void next(Buffer piece) {
      Buffer out = page == null ? piece : page.next(piece);
      left -= piece.length();
      if (left == 0) {
        last = out;
      } else if (out.length() > 0) {
        response.write(out).onFailure(gone -> done.tryFail(clientGone()));
      }
    }

    void end() {
      Buffer rest = page == null ? last : page.end();
      (rest == null ? response.end() : response.end(rest))
          .onSuccess(v -> done.tryComplete())
          .onFailure(gone -> done.tryFail(clientGone()));
    }
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
