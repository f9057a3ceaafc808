package io.hubspoke.streams.spdy;

import io.hubspoke.streams.UpgradeRefusal;
import io.hubspoke.streams.upgrade.HeaderList;
import io.hubspoke.streams.upgrade.UpgradeAnswer;
import io.hubspoke.streams.upgrade.UpgradeClient;
import io.hubspoke.streams.upgrade.UpgradeServer;
import io.hubspoke.streams.upgrade.Upgraded;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.net.NetSocketInternal;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Leaves HTTP for SPDY/3.1 and agrees on what the streams are for, at either end. */
public final class SpdyHandshake {
  private static final String SPDY = "SPDY/3.1";
  private static final String PROTOCOL = "X-Stream-Protocol-Version";
  private static final String ACCEPTED = "X-Accepted-Stream-Protocol-Versions";

  private SpdyHandshake() {}

  /** Returns whether the request asks for SPDY, well or not. */
  public static boolean isRequested(HttpServerRequest request) {
    String upgrade = request.getHeader("Upgrade");
    return upgrade != null && upgrade.toLowerCase(Locale.ROOT).contains("spdy/3.1");
  }

  /**
   * Agrees to the first of the client's protocols that is supported. A request that can't be
   * upgraded is answered as Kubernetes does, and fails with {@link UpgradeRefusal}.
   *
   * @param opened gets the connection and the protocol, on the connection's event loop before
   *     anything is read
   */
  static <T> Future<T> accept(
      HttpServerRequest request,
      List<String> supported,
      BiFunction<NetSocketInternal, String, T> opened) {
    List<String> offered = HeaderList.of(request.headers().getAll(PROTOCOL));
    if (offered.isEmpty()) {
      return UpgradeRefusal.answer(request, 400, "unable to upgrade: " + PROTOCOL + " is required");
    }
    String agreed = offered.stream().filter(supported::contains).findFirst().orElse(null);
    if (agreed == null) {
      request.response().putHeader(ACCEPTED, supported);
      return UpgradeRefusal.answer(
          request,
          403,
          "unable to upgrade: unable to negotiate protocol: client supports ["
              + String.join(" ", offered)
              + "], server accepts ["
              + String.join(" ", supported)
              + "]");
    }
    MultiMap headers = MultiMap.caseInsensitiveMultiMap();
    headers.set("Connection", "Upgrade").set("Upgrade", SPDY).set(PROTOCOL, agreed);
    return UpgradeServer.accept(request, headers)
        .compose(upgraded -> take(upgraded, socket -> opened.apply(socket, agreed)));
  }

  /**
   * Asks for SPDY by POST, as kubectl does.
   *
   * @param protocols what the streams may be for, the preferred one first
   * @param refused makes the failure of what the server answered instead
   * @param opened gets the connection and the protocol that the server chose, as above
   */
  static <T> Future<T> connect(
      HttpClient http,
      RequestOptions request,
      List<String> protocols,
      Duration timeout,
      Function<UpgradeAnswer.Refused, Future<T>> refused,
      BiFunction<NetSocketInternal, String, T> opened) {
    RequestOptions asked = new RequestOptions(request).setMethod(HttpMethod.POST);
    asked.putHeader("Upgrade", SPDY);
    // A header each: older servers don't take a list apart.
    protocols.forEach(protocol -> asked.addHeader(PROTOCOL, protocol));
    return http.request(asked)
        .compose(sent -> UpgradeClient.upgrade(sent, timeout))
        .compose(
            answer ->
                switch (answer) {
                  case UpgradeAnswer.Refused no -> refused.apply(no);
                  case Upgraded yes -> {
                    String agreed = yes.headers().get(PROTOCOL);
                    if (!SPDY.equalsIgnoreCase(yes.headers().get("Upgrade"))
                        || !protocols.contains(agreed)) {
                      yes.socket().close().otherwiseEmpty();
                      yield Future.failedFuture(
                          new IOException("unable to upgrade: the server chose " + agreed));
                    }
                    yield take(yes, socket -> opened.apply(socket, agreed));
                  }
                });
  }

  private static <T> Future<T> take(Upgraded upgraded, Function<NetSocketInternal, T> opened) {
    Promise<T> taken = Promise.promise();
    upgraded
        .socket()
        .channelHandlerContext()
        .channel()
        .eventLoop()
        .execute(
            () -> {
              T made = opened.apply(upgraded.socket());
              upgraded.start();
              taken.complete(made);
            });
    return taken.future();
  }
}
