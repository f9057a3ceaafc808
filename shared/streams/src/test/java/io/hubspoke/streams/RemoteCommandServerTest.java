package io.hubspoke.streams;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.streams.upgrade.UpgradeServer;
import io.hubspoke.testing.Await;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Exec and attach, whatever the transport. */
class RemoteCommandServerTest {
  private static final RemoteCommand OUTPUT = new RemoteCommand(false, true, true, false);

  private final Vertx vertx = Vertx.vertx();

  /** Held here: one that nobody holds is closed when garbage is collected, with what it dials. */
  private final HttpClient http = vertx.createHttpClient();

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private RemoteProcess start(StreamTransport transport, Supplier<RemoteProcess> process)
      throws Exception {
    var options = new HttpServerOptions();
    var exec = new RemoteCommandServer(vertx, StreamTimeouts.DEFAULT);
    int port =
        Await.result(
                vertx
                    .createHttpServer(options)
                    .connectionHandler(c -> UpgradeServer.install(c, options))
                    .requestHandler(
                        request ->
                            exec.serve(request, OUTPUT, () -> Future.succeededFuture(process.get()))
                                .otherwiseEmpty())
                    .listen(0, "127.0.0.1"))
            .actualPort();
    return Await.result(
        new RemoteCommandClient(vertx, http, transport)
            .start(
                new RequestOptions().setHost("127.0.0.1").setPort(port).setURI("/exec"), OUTPUT));
  }

  private static Future<String> text(ReadStream<Buffer> stream) {
    Buffer all = Buffer.buffer();
    Promise<String> ended = Promise.promise();
    stream.exceptionHandler(ended::tryFail);
    stream.endHandler(v -> ended.tryComplete(all.toString()));
    stream.handler(all::appendBuffer);
    stream.resume();
    return ended.future();
  }

  /**
   * A process on another event loop may have written its last and ended before this one has seen
   * either: then what it wrote waits for its turn while how it ended is known already.
   */
  @ParameterizedTest
  @EnumSource(StreamTransport.class)
  void output_comes_before_the_end_of_a_process_that_ended_while_it_was_joined(
      StreamTransport transport) throws Exception {
    RemoteProcess remote = start(transport, () -> new EndedProcess("all of it", "and this"));
    Future<String> out = text(remote.stdout());
    Future<String> err = text(remote.stderr());
    assertThat(Await.result(remote.exited())).isZero();
    assertThat(Await.result(out)).isEqualTo("all of it");
    assertThat(Await.result(err)).isEqualTo("and this");
  }

  @ParameterizedTest
  @EnumSource(StreamTransport.class)
  void a_process_is_started_where_its_streams_can_stay_on_an_event_loop(StreamTransport transport)
      throws Exception {
    var found = new CompletableFuture<Context>();
    start(
        transport,
        () -> {
          found.complete(Vertx.currentContext());
          return new EndedProcess("", "");
        });
    assertThat(found.get(30, TimeUnit.SECONDS)).isNotNull().matches(Context::isEventLoopContext);
  }

  /** Has ended, and its output is told at once, by another thread than the one that asks. */
  private record EndedProcess(ReadStream<Buffer> stdout, ReadStream<Buffer> stderr)
      implements RemoteProcess {
    EndedProcess(String out, String err) {
      this(new Told(Buffer.buffer(out)), new Told(Buffer.buffer(err)));
    }

    @Override
    public WriteStream<Buffer> stdin() {
      return null;
    }

    @Override
    public void resize(TerminalSize size) {}

    @Override
    public Future<Integer> exited() {
      return Future.succeededFuture(0);
    }

    @Override
    public void close() {}
  }

  private static final class Told implements ReadStream<Buffer> {
    private Buffer rest;
    private Handler<Buffer> handler;
    private Handler<Void> endHandler;

    Told(Buffer rest) {
      this.rest = rest;
    }

    private void tell() {
      handler.handle(rest);
      endHandler.handle(null);
    }

    @Override
    public ReadStream<Buffer> fetch(long amount) {
      if (rest != null) {
        try {
          Thread.ofPlatform().start(this::tell).join();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
        rest = null;
      }
      return this;
    }

    @Override
    public ReadStream<Buffer> resume() {
      return fetch(Long.MAX_VALUE);
    }

    @Override
    public ReadStream<Buffer> pause() {
      return this;
    }

    @Override
    public ReadStream<Buffer> handler(Handler<Buffer> value) {
      handler = value;
      return this;
    }

    @Override
    public ReadStream<Buffer> endHandler(Handler<Void> value) {
      endHandler = value;
      return this;
    }

    @Override
    public ReadStream<Buffer> exceptionHandler(Handler<Throwable> value) {
      return this;
    }
  }
}
