package io.hubspoke.lab.audit;

import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.PortForwardClient;
import io.hubspoke.streams.PortForwardConnection;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandClient;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTransport;
import io.hubspoke.streams.TerminalSize;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.streams.ReadStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Runs commands in pods and reaches their ports as somebody, over one transport. As {@link Probe}
 * it trusts any server.
 */
public final class StreamsCaller implements AutoCloseable {
  private static final int TIMEOUT_SECONDS = 20;
  private static final int CONNECTIONS = 16;

  /** How a command ended: its output and exit code, or why there is none. */
  public record Ran(int code, String stdout, String stderr, String failure) {
    static Ran failed(Throwable failure) {
      return new Ran(-1, "", "", Component.reason(failure));
    }

    public boolean failed() {
      return !failure.isEmpty();
    }

    public String brief() {
      return failed()
          ? "failed: " + failure
          : "exit code %d, stdout '%s', stderr '%s'"
              .formatted(code, stdout.strip(), stderr.strip());
    }
  }

  private final Context context;
  private final HttpClient http;
  private final RemoteCommandClient commands;
  private final PortForwardClient forwards;

  /**
   * Calls as somebody.
   *
   * @param identity null to present nothing
   */
  public StreamsCaller(Vertx vertx, Identity identity, StreamTransport transport) {
    this.context = ((VertxInternal) vertx).createEventLoopContext();
    var keys = identity == null ? new ReloadableKeys() : new ReloadableKeys(identity);
    var options = new HttpClientOptions().setVerifyHost(false);
    this.http =
        vertx
            .httpClientBuilder()
            .with(Tls.connect(options, keys, Tls.trustAny(List.of())))
            .with(new PoolOptions().setHttp1MaxSize(CONNECTIONS))
            .build();
    this.commands = new RemoteCommandClient(vertx, http, transport);
    this.forwards = new PortForwardClient(vertx, http, transport);
  }

  /**
   * Runs a command to its end.
   *
   * @param typed what it is given as input, which then ends
   * @param sizes what its terminal becomes, before the input
   */
  public Ran run(String url, RemoteCommand command, String typed, TerminalSize... sizes)
      throws Exception {
    return on(
        () ->
            commands
                .start(request(url), command)
                .compose(process -> follow(process, typed, sizes))
                .timeout(TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .otherwise(Ran::failed));
  }

  private static Future<Ran> follow(RemoteProcess process, String typed, TerminalSize[] sizes) {
    var stdout = all(process.stdout());
    var stderr = all(process.stderr());
    for (var size : sizes) {
      process.resize(size);
    }
    Future<Void> given =
        process.stdin() == null
            ? Future.succeededFuture()
            : process.stdin().write(Buffer.buffer(typed)).compose(v -> process.stdin().end());
    return given
        .otherwiseEmpty()
        .compose(v -> process.exited())
        .compose(code -> Future.join(stdout, stderr).map(v -> code))
        .map(code -> new Ran(code, stdout.result(), stderr.result(), ""));
  }

  private static Future<String> all(ReadStream<Buffer> stream) {
    if (stream == null) {
      return Future.succeededFuture("");
    }
    Promise<String> ended = Promise.promise();
    var text = Buffer.buffer();
    stream.handler(text::appendBuffer);
    stream.exceptionHandler(ended::tryFail);
    stream.endHandler(v -> ended.tryComplete(text.toString(StandardCharsets.UTF_8)));
    stream.resume();
    return ended.future();
  }

  /** Joins a running process until its output contains a text, then leaves it; returns whether. */
  boolean sees(String url, RemoteCommand command, String text) throws Exception {
    return on(
        () ->
            commands
                .start(request(url), command)
                .compose(
                    process -> until(process.stdout(), text).onComplete(seen -> process.close()))
                .otherwise(false));
  }

  private static Future<Boolean> until(ReadStream<Buffer> stream, String text) {
    Promise<Boolean> seen = Promise.promise();
    var read = Buffer.buffer();
    stream.handler(
        part -> {
          read.appendBuffer(part);
          if (read.toString(StandardCharsets.UTF_8).contains(text)) {
            seen.tryComplete(true);
          }
        });
    stream.exceptionHandler(seen::tryFail);
    stream.endHandler(v -> seen.tryComplete(false));
    stream.resume();
    return seen.future();
  }

  /** What came back over each of several connections to a port, all open at once, or why not. */
  List<String> exchange(String url, int port, List<String> requests) throws Exception {
    return on(
        () ->
            forwards
                .connect(request(url))
                .compose(
                    connection ->
                        over(connection, port, requests).onComplete(done -> connection.close())));
  }

  private static Future<List<String>> over(
      PortForwardConnection connection, int port, List<String> requests) {
    var answers = requests.stream().map(request -> exchange(connection, port, request)).toList();
    return Future.join(answers).map(all -> answers.stream().map(Future::result).toList());
  }

  private static Future<String> exchange(
      PortForwardConnection connection, int port, String request) {
    return connection
        .open(port)
        .compose(duplex -> exchange(duplex, request))
        .otherwise(e -> "failed: " + Component.reason(e));
  }

  private static Future<String> exchange(Duplex duplex, String request) {
    var answer = all(duplex);
    return duplex.write(Buffer.buffer(request)).compose(v -> duplex.end()).compose(v -> answer);
  }

  /** Runs a command, or joins one, whose output is made of its input; it goes on until closed. */
  Conversation talk(String url, RemoteCommand command) throws Exception {
    return on(
        () ->
            commands
                .start(request(url), command)
                .map(process -> Conversation.with(context, process)));
  }

  /** Connects to a port of a pod until closed. */
  Conversation connect(String url, int port) throws Exception {
    return on(
        () ->
            forwards
                .connect(request(url))
                .compose(
                    connection ->
                        connection
                            .open(port)
                            .map(stream -> Conversation.over(context, stream, connection))));
  }

  /** Reads an answer that goes on and on, until closed. */
  Conversation follow(String url) throws Exception {
    return on(
        () ->
            http.request(request(url))
                .compose(HttpClientRequest::send)
                .compose(
                    response ->
                        response.statusCode() == 200
                            ? Future.succeededFuture(
                                new Conversation(
                                    context,
                                    response,
                                    null,
                                    () -> response.request().connection().close()))
                            : Future.failedFuture("HTTP status " + response.statusCode())));
  }

  private static RequestOptions request(String url) {
    var uri = URI.create(url);
    var query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
    return new RequestOptions()
        .setHost(uri.getHost())
        .setPort(uri.getPort())
        .setSsl(true)
        .setURI(uri.getRawPath() + query);
  }

  private <T> T on(Supplier<Future<T>> action) throws Exception {
    Promise<T> done = Promise.promise();
    context.runOnContext(v -> action.get().onComplete(done));
    return Component.await(done.future().timeout(2 * TIMEOUT_SECONDS, TimeUnit.SECONDS));
  }

  @Override
  public void close() {
    // Nobody waits: no stream of it is left.
    http.close().otherwiseEmpty();
  }
}
