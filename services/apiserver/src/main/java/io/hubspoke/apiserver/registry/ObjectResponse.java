package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.apiserver.http.MediaType;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Iterator;

/**
 * Sends objects and lists; a long list goes out in pieces, no faster than the client reads. Great
 * answers to reads are compressed for clients that ask for it.
 */
final class ObjectResponse {
  /** Below this, compressing costs more than it saves (the real apiserver's bound). */
  private static final int GZIP_FROM = 128 * 1024;

  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final MediaType mediaType;

  ObjectResponse(HttpServerRequest request, MediaType mediaType) {
    this.request = request;
    this.response = request.response();
    this.mediaType = mediaType;
  }

  Future<Void> send(int code, ObjectNode body) {
    return send(code, mediaType.encode(body));
  }

  Future<Void> send(int code, Buffer body) {
    response.setStatusCode(code).putHeader("Content-Type", mediaType.text());
    if (body.length() >= GZIP_FROM && acceptsGzip()) {
      gzipped();
      Buffer compressed = Buffer.buffer();
      new GzipPieces(java.util.List.of(body).iterator()).forEachRemaining(compressed::appendBuffer);
      return response.end(compressed);
    }
    return response.end(body);
  }

  /** Sends a list, whose items are copied from the bytes that they were stored with. */
  Future<Void> sendSpliced(ObjectList list, Context context) {
    return ListPieces.of(list, mediaType, context).compose(pieces -> send(list, pieces));
  }

  private Future<Void> send(ObjectList list, ListPieces pieces) {
    Buffer first = pieces.next();
    if (!pieces.hasNext()) {
      return send(200, first);
    }
    response.setChunked(true).putHeader("Content-Type", mediaType.text());
    Promise<Void> sent = Promise.promise();
    response.closeHandler(
        v -> {
          // An end closes as well.
          if (!response.ended()) {
            sent.tryFail("the client went away");
          }
        });
    if (size(list) < GZIP_FROM || !acceptsGzip()) {
      pump(first, pieces, sent);
      return sent.future();
    }
    gzipped();
    var compressed = new GzipPieces(beginningWith(first, pieces));
    pump(compressed.next(), compressed, sent);
    return sent.future().onComplete(done -> compressed.close());
  }

  private void pump(Buffer first, Iterator<Buffer> pieces, Promise<Void> sent) {
    Buffer piece = first;
    while (!response.closed() && !sent.future().isComplete()) {
      if (!pieces.hasNext()) {
        response.end(piece).onSuccess(sent::tryComplete).onFailure(sent::tryFail);
        return;
      }
      response.write(piece);
      piece = pieces.next();
      if (response.writeQueueFull()) {
        Buffer next = piece;
        response.drainHandler(
            v -> {
              response.drainHandler(null);
              pump(next, pieces, sent);
            });
        return;
      }
    }
  }

  private static Iterator<Buffer> beginningWith(Buffer first, Iterator<Buffer> rest) {
    return new Iterator<>() {
      private boolean begun;

      @Override
      public boolean hasNext() {
        return !begun || rest.hasNext();
      }

      @Override
      public Buffer next() {
        if (begun) {
          return rest.next();
        }
        begun = true;
        return first;
      }
    };
  }

  private static long size(ObjectList list) {
    return list.items().stream().mapToLong(StoredObject::size).sum();
  }

  private void gzipped() {
    response.putHeader("Content-Encoding", "gzip").putHeader("Vary", "Accept-Encoding");
  }

  /** As the real apiserver: only what is read, for clients that name gzip without a weight. */
  private boolean acceptsGzip() {
    String accepted = request.getHeader("Accept-Encoding");
    if (accepted == null || !request.method().equals(HttpMethod.GET)) {
      return false;
    }
    for (String encoding : accepted.split(",", -1)) {
      if (encoding.trim().equals("gzip")) {
        return true;
      }
    }
    return false;
  }
}
