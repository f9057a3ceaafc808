package io.hubspoke.apiserver.audit;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.internal.http.HttpServerRequestInternal;
import io.vertx.core.internal.http.HttpServerRequestWrapper;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/**
 * Copies what goes out as an answer. It stands in for a response of some eighty methods of which it
 * changes two, hence the proxy; the policy's RequestResponse level alone pays for it.
 */
final class CapturedResponse {
  private final HttpServerResponse response;
  private final HttpServerResponse capturing;
  private final Buffer bytes = Buffer.buffer();

  CapturedResponse(HttpServerResponse response) {
    this.response = response;
    this.capturing =
        (HttpServerResponse)
            Proxy.newProxyInstance(
                HttpServerResponse.class.getClassLoader(),
                new Class<?>[] {HttpServerResponse.class},
                this::invoke);
  }

  /** Returns the request with this as its response. */
  HttpServerRequest on(HttpServerRequest http) {
    return new HttpServerRequestWrapper((HttpServerRequestInternal) http) {
      @Override
      public HttpServerResponse response() {
        return capturing;
      }
    };
  }

  AuditBody body() {
    String type = response.headers().get("Content-Type");
    boolean gzip = "gzip".equalsIgnoreCase(response.headers().get("Content-Encoding"));
    return new AuditBody(bytes, type == null ? "" : type, gzip);
  }

  private Object invoke(Object self, Method method, Object[] arguments) throws Throwable {
    switch (method.getName()) {
      case "write", "end", "send" -> {
        if (arguments != null && arguments.length > 0) {
          capture(arguments[0]);
        }
      }
      default -> {}
    }
    try {
      Object result = method.invoke(response, arguments);
      return result == response ? capturing : result;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private void capture(Object sent) {
    Buffer piece =
        switch (sent) {
          case Buffer buffer -> buffer;
          case String text -> Buffer.buffer(text);
          default -> Buffer.buffer();
        };
    if (bytes.length() + piece.length() <= AuditBody.MOST_BYTES) {
      bytes.appendBuffer(piece);
    } else if (bytes.length() < AuditBody.MOST_BYTES) {
      // No JSON any more, and too long to be tried.
      bytes.appendBytes(new byte[AuditBody.MOST_BYTES - bytes.length()]);
    }
  }
}
