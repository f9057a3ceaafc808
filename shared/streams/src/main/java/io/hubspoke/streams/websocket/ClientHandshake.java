package io.hubspoke.streams.websocket;

import io.hubspoke.streams.StreamTimeouts;
import io.hubspoke.streams.upgrade.UpgradeAnswer;
import io.hubspoke.streams.upgrade.UpgradeClient;
import io.hubspoke.streams.upgrade.Upgraded;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.net.NetSocketInternal;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.function.Function;

/** The client's side of the opening handshake (RFC 6455, section 4.1). */
final class ClientHandshake {
  private static final SecureRandom RANDOM = new SecureRandom();

  private ClientHandshake() {}

  /**
   * Asks for a WebSocket of this subprotocol.
   *
   * @param refused makes the failure of what the server answered instead
   * @param opened called on the event loop before anything is read
   */
  static <T> Future<T> connect(
      HttpClient http,
      RequestOptions options,
      String subprotocol,
      StreamTimeouts timeouts,
      WebSocketHandler handler,
      Function<UpgradeAnswer.Refused, Future<T>> refused,
      Function<NetSocketInternal, T> opened) {
    byte[] nonce = new byte[16];
    RANDOM.nextBytes(nonce);
    String key = Base64.getEncoder().encodeToString(nonce);
    RequestOptions asked = new RequestOptions(options).setMethod(HttpMethod.GET);
    asked
        .putHeader("Upgrade", "websocket")
        .putHeader(ServerHandshake.KEY, key)
        .putHeader(ServerHandshake.VERSION, "13")
        .putHeader(ServerHandshake.PROTOCOL, subprotocol);
    return http.request(asked)
        .compose(request -> UpgradeClient.upgrade(request, timeouts.creation()))
        .compose(
            answer ->
                switch (answer) {
                  case UpgradeAnswer.Refused no -> refused.apply(no);
                  case Upgraded yes -> {
                    String fault = fault(yes.headers(), key, subprotocol);
                    if (fault != null) {
                      yes.socket().close().otherwiseEmpty();
                      yield Future.failedFuture(new IOException("unable to upgrade: " + fault));
                    }
                    yield ServerHandshake.install(yes, timeouts, handler, opened);
                  }
                });
  }

  private static String fault(MultiMap headers, String key, String subprotocol) {
    if (!"websocket".equalsIgnoreCase(headers.get("Upgrade"))
        || !ServerHandshake.answer(key).equals(headers.get(ServerHandshake.ACCEPT))) {
      return "the answer is not one to this request for a WebSocket";
    }
    String agreed = headers.get(ServerHandshake.PROTOCOL);
    return subprotocol.equals(agreed)
        ? null
        : "subprotocol \"" + agreed + "\" instead of \"" + subprotocol + "\"";
  }
}
