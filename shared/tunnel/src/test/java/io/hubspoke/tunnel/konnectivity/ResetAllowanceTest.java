package io.hubspoke.tunnel.konnectivity;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientConnection;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnectOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Many calls that are broken off leave the others of their connection alone. */
class ResetAllowanceTest {
  /** Netty's limit is 200 in 30 seconds. */
  private static final int MANY = 450;

  private final Promise<HttpServerRequest> lasting = Promise.promise();
  private final List<Throwable> failures = new CopyOnWriteArrayList<>();
  private Vertx vertx;
  private Context loop;

  /** Vert.x closes clients that nobody holds, with their connections. */
  private HttpClientAgent client;

  private HttpClientConnection connection;
  private Future<String> answer;

  @BeforeEach
  void begin() throws Exception {
    vertx = Component.vertx();
    loop = vertx.getOrCreateContext();
    var server =
        vertx
            .createHttpServer(new HttpServerOptions().setHttp2RstFloodMaxRstFramePerWindow(0))
            .requestHandler(
                request -> {
                  if (request.path().equals("/lasting")) {
                    lasting.complete(request);
                  } else {
                    request.response().reset(Http2Error.STREAM_CLOSED.code());
                  }
                });
    var port = Await.result(server.listen(0, "127.0.0.1")).actualPort();
    client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false));
    Promise<HttpClientConnection> connected = Promise.promise();
    loop.runOnContext(
        v ->
            client
                .connect(new HttpConnectOptions().setHost("127.0.0.1").setPort(port))
                .onSuccess(opened -> ResetAllowance.grant(opened, failures::add))
                .onComplete(connected));
    connection = Await.result(connected.future());
    answer = request("/lasting").compose(response -> response.body().map(body -> body.toString()));
    Await.result(lasting.future());
  }

  @AfterEach
  void end() throws Exception {
    Await.result(vertx.close());
  }

  private Future<HttpClientResponse> request(String path) {
    Promise<HttpClientResponse> response = Promise.promise();
    loop.runOnContext(
        v ->
            connection
                .request(new RequestOptions().setMethod(HttpMethod.GET).setURI(path))
                .compose(request -> request.send())
                .onComplete(response));
    return response.future();
  }

  private void assertThatTheOtherGoesOn() throws Exception {
    lasting.future().result().response().end("whole");
    assertThat(Await.result(answer)).isEqualTo("whole");
    assertThat(failures).isEmpty();
  }

  @Test
  void that_the_server_breaks_off() throws Exception {
    for (var i = 0; i < MANY; i++) {
      assertThat(Await.failure(request("/"))).hasMessageContaining("reset: 5");
    }
    assertThatTheOtherGoesOn();
  }

  @Test
  void that_the_client_breaks_off() throws Exception {
    Await.failure(request("/"));
    var context = ((ConnectionBase) connection.pingHandler(null)).channelHandlerContext();
    Promise<Void> sent = Promise.promise();
    context
        .executor()
        .execute(
            () -> {
              var encoder = ((Http2ConnectionHandler) context.handler()).encoder();
              for (var i = 0; i < MANY; i++) {
                var _ =
                    encoder.writeRstStream(
                        context, 3, Http2Error.STREAM_CLOSED.code(), context.newPromise());
              }
              context.flush();
              sent.complete();
            });
    Await.result(sent.future());
    assertThatTheOtherGoesOn();
    Await.result(connection.close());
  }
}
