package io.hubspoke.streams.spdy;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandClient;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTransport;
import io.hubspoke.streams.TerminalSize;
import io.hubspoke.streams.TestProcess;
import io.hubspoke.streams.upgrade.UpgradeServer;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.streams.ReadStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Exec and attach over SPDY, both ends ours; kubectl speaks to the server in another test. */
class SpdyRemoteCommandTest {
  private static final RemoteCommand ALL = new RemoteCommand(true, true, true, false);
  private static final RemoteCommand TTY = new RemoteCommand(true, true, false, true);

  private final Vertx vertx = Vertx.vertx();
  private final TestProcess process = new TestProcess(vertx);
  private Future<RemoteProcess> started = Future.succeededFuture(process);
  private StreamServer server;
  private HttpClient http;
  private RemoteCommandClient client;

  @BeforeEach
  void listen() throws Exception {
    server = new StreamServer(vertx, command -> started);
    http = vertx.createHttpClient();
    client = new RemoteCommandClient(vertx, http, StreamTransport.SPDY);
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private RemoteProcess start(RemoteCommand command) throws Exception {
    String query =
        "?stdin=%s&stdout=%s&stderr=%s&tty=%s"
            .formatted(command.stdin(), command.stdout(), command.stderr(), command.tty());
    return Await.result(client.start(server.to("exec" + query), command));
  }

  @Test
  void whatIsTypedComesBackAndTheExitCodeAfterIt() throws Exception {
    process.cat(3);
    RemoteProcess remote = start(ALL);
    Future<String> out = text(remote.stdout());
    Future<String> err = text(remote.stderr());
    process.errors().write(Buffer.buffer("warning"));
    remote.stdin().write(Buffer.buffer("hello "));
    remote.stdin().end(Buffer.buffer("world"));
    assertThat(Await.result(out)).isEqualTo("hello world");
    assertThat(Await.result(err)).isEqualTo("warning");
    assertThat(Await.result(remote.exited())).isEqualTo(3);
  }

  /** As Go's servers do: what comes right after a stream's reply is dropped. */
  @Test
  void inputIsNotLostWhereAServerTakesItOnlyAWhileAfterItsReply() throws Exception {
    var opened = new ArrayList<String>();
    var replying = new AtomicBoolean();
    int port =
        Await.result(
                vertx
                    .createHttpServer()
                    .connectionHandler(c -> UpgradeServer.install(c, new HttpServerOptions()))
                    .requestHandler(
                        request ->
                            SpdyHandshake.accept(
                                    request,
                                    SpdyRemoteCommand.PROTOCOLS,
                                    (socket, protocol) ->
                                        SpdyConnection.over(
                                            vertx,
                                            socket,
                                            SpdyConnection.Role.SERVER,
                                            SpdyLimits.DEFAULT,
                                            stream -> {
                                              assertThat(replying.getAndSet(true)).isFalse();
                                              opened.add(
                                                  stream.header(SpdyRemoteCommand.STREAM_TYPE));
                                              vertx.setTimer(
                                                  5,
                                                  id -> {
                                                    replying.set(false);
                                                    stream.accept();
                                                  });
                                            }))
                                .otherwiseEmpty())
                    .listen(0, "127.0.0.1"))
            .actualPort();
    Await.result(client.start(server.to("exec").setPort(port), ALL));
    assertThat(opened).containsExactly("stdin", "error", "stdout", "stderr");
  }

  @Test
  void hundredMegabytesAndNothingLostThoughTheProcessEndsAtOnce() throws Exception {
    long size = 100L << 20;
    process.writes(size);
    RemoteProcess remote = start(new RemoteCommand(false, true, false, false));
    AtomicLong read = new AtomicLong();
    Promise<Void> ended = Promise.promise();
    remote
        .stdout()
        .handler(bytes -> read.addAndGet(bytes.length()))
        .endHandler(ended::complete)
        .resume();
    assertThat(Await.result(remote.exited())).isZero();
    Await.result(ended.future());
    assertThat(read).hasValue(size);
  }

  @Test
  void aReaderThatStopsHoldsTheProcessBack() throws Exception {
    process.writes(1L << 30);
    RemoteProcess remote = start(new RemoteCommand(false, true, false, false));
    long before;
    do {
      before = process.written();
      Thread.sleep(300);
    } while (process.written() != before);
    assertThat(before).isLessThan(32L << 20);
    remote.close();
    Await.until("the process is let go", process::isClosed);
  }

  @Test
  void aTerminalIsResizedAndHasNoErrorsOfItsOwn() throws Exception {
    RemoteProcess remote = start(TTY);
    assertThat(remote.stderr()).isNull();
    remote.resize(new TerminalSize(80, 24));
    remote.resize(new TerminalSize(132, 50));
    Await.until("both sizes", () -> process.sizes().size() == 2);
    assertThat(process.sizes())
        .isEqualTo(List.of(new TerminalSize(80, 24), new TerminalSize(132, 50)));
    process.exit(0);
    assertThat(Await.result(remote.exited())).isZero();
  }

  @Test
  void whatCouldNotBeRunIsToldByStatus() throws Exception {
    started = Future.failedFuture("no such file");
    assertThat(Await.failure(start(ALL).exited()))
        .hasMessage("Internal error occurred: error executing command in container: no such file");
  }

  @Test
  void aServerThatVanishesFailsTheProcessAndAClientThatVanishesEndsIt() throws Exception {
    RemoteProcess remote = start(ALL);
    remote.close();
    Await.until("the process is let go", process::isClosed);
    assertThat(Await.failure(remote.exited())).hasMessage("closed by the client");
  }

  @Test
  void aClientThatOpensNoStreamsIsCutOff() throws Exception {
    var answer =
        Await.result(
            SpdyHandshake.connect(
                http,
                server.to("exec?stdout=1"),
                SpdyRemoteCommand.PROTOCOLS,
                StreamServer.TIMEOUTS.creation(),
                refused -> Future.failedFuture("refused"),
                (socket, agreed) -> {
                  Promise<Void> closed = Promise.promise();
                  socket.closeHandler(v -> closed.complete());
                  return closed.future();
                }));
    Await.result(answer);
  }

  @Test
  void aClientWithoutAKnownProtocolIsToldWhichThereAre() throws Exception {
    var response =
        Await.result(
            http.request(
                    server
                        .to("exec?stdout=1")
                        .setMethod(HttpMethod.POST)
                        .putHeader("Connection", "Upgrade")
                        .putHeader("Upgrade", "SPDY/3.1")
                        .putHeader("X-Stream-Protocol-Version", "v9.channel.k8s.io"))
                .compose(
                    request ->
                        request
                            .send()
                            .compose(
                                r ->
                                    r.body()
                                        .map(
                                            body ->
                                                List.of(
                                                    "" + r.statusCode(),
                                                    ""
                                                        + r.headers()
                                                            .getAll(
                                                                "X-Accepted-Stream-Protocol-Versions"),
                                                    body.toString())))));
    assertThat(response)
        .containsExactly(
            "403",
            "[v4.channel.k8s.io, v3.channel.k8s.io, v2.channel.k8s.io, channel.k8s.io]",
            "unable to upgrade: unable to negotiate protocol: client supports [v9.channel.k8s.io],"
                + " server accepts [v4.channel.k8s.io v3.channel.k8s.io v2.channel.k8s.io"
                + " channel.k8s.io]\n");
  }

  private static Future<String> text(ReadStream<Buffer> stream) {
    Promise<String> text = Promise.promise();
    Buffer all = Buffer.buffer();
    stream.handler(all::appendBuffer).endHandler(v -> text.tryComplete(all.toString())).resume();
    return text.future();
  }
}
