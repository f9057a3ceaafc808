package io.hubspoke.kubelet.server;

import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandServer;
import io.hubspoke.streams.RemoteProcess;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Serves {@code /exec}, {@code /attach} and {@code /run} for a container of a pod. */
final class RemoteCommands {
  /** As much output of {@code /run} as the real one's runtimes return. */
  private static final int MOST_OUTPUT = 16 << 20;

  private final ContainerRuntime runtime;
  private final NodePods pods;
  private final RemoteCommandServer server;

  RemoteCommands(ContainerRuntime runtime, NodePods pods, RemoteCommandServer server) {
    this.runtime = runtime;
    this.pods = pods;
    this.server = server;
  }

  /** Runs a command with the streams that the query names. */
  void exec(Exchange exchange) {
    RemoteCommand streams = streams(exchange);
    if (streams == null) {
      return;
    }
    List<String> command = exchange.request().params().getAll("command");
    find(exchange)
        .ifPresent(
            container -> serve(exchange, streams, () -> runtime.exec(container, command, streams)));
  }

  /** Joins the streams of the container's process. */
  void attach(Exchange exchange) {
    RemoteCommand streams = streams(exchange);
    if (streams == null) {
      return;
    }
    find(exchange)
        .ifPresent(container -> serve(exchange, streams, () -> runtime.attach(container, streams)));
  }

  private void serve(
      Exchange exchange, RemoteCommand streams, Supplier<Future<RemoteProcess>> start) {
    server
        .serve(
            exchange.request(),
            streams,
            () -> {
              exchange.answered(101);
              return start.get();
            })
        .onComplete(done -> exchange.answered(exchange.response().getStatusCode()));
  }

  /** Runs a command to its end and answers with its output, errors after the rest. */
  void run(Exchange exchange) {
    Optional<ContainerRuntime.Container> container = find(exchange);
    if (container.isEmpty()) {
      return;
    }
    List<String> command = List.of(exchange.query("cmd").split(" ", -1));
    runtime
        .exec(container.get(), command, new RemoteCommand(false, true, true, false))
        .compose(process -> output(exchange, process, command))
        .onSuccess(output -> exchange.answer(200, Exchange.JSON, output))
        .onFailure(e -> exchange.refuse(500, String.valueOf(e.getMessage())));
  }

  private static Future<Buffer> output(
      Exchange exchange, RemoteProcess process, List<String> command) {
    exchange.response().closeHandler(v -> process.close());
    // A handler that is set after the caller has gone is never called.
    if (exchange.response().closed()) {
      process.close();
    }
    Future<Buffer> out = collect(process.stdout());
    Future<Buffer> err = collect(process.stderr());
    return process
        .exited()
        .compose(
            code ->
                code == 0
                    ? Future.join(out, err).map(all -> out.result().appendBuffer(err.result()))
                    : err.compose(
                        text ->
                            Future.failedFuture(
                                "command '%s' exited with %d: %s"
                                    .formatted(String.join(" ", command), code, text))));
  }

  /** Reads to the end, and keeps the beginning. */
  private static Future<Buffer> collect(ReadStream<Buffer> stream) {
    Buffer text = Buffer.buffer();
    Promise<Buffer> ended = Promise.promise();
    stream.exceptionHandler(e -> ended.tryComplete(text));
    stream.endHandler(v -> ended.tryComplete(text));
    stream.handler(
        part ->
            text.appendBuffer(part.slice(0, Math.min(part.length(), MOST_OUTPUT - text.length()))));
    stream.resume();
    return ended.future();
  }

  /** Reads which streams are wanted; answers and returns null when none is. */
  private static RemoteCommand streams(Exchange exchange) {
    boolean tty = exchange.query("tty").equals("1");
    RemoteCommand streams =
        new RemoteCommand(
            exchange.query("input").equals("1"),
            exchange.query("output").equals("1"),
            // With a terminal both come out of it.
            exchange.query("error").equals("1") && !tty,
            tty);
    if (!streams.stdin() && !streams.stdout() && !streams.stderr()) {
      exchange.refuse(400, "you must specify at least 1 of stdin, stdout, stderr");
      return null;
    }
    return streams;
  }

  /** Finds the running container that the path names; answers when there is none. */
  private Optional<ContainerRuntime.Container> find(Exchange exchange) {
    var pod = pods.find(exchange.parameter("podNamespace"), exchange.parameter("podID"));
    if (pod.isEmpty()) {
      exchange.refuse(404, "pod does not exist");
      return Optional.empty();
    }
    String name = exchange.parameter("containerName");
    String uid = exchange.parameter("uid");
    Optional<ContainerRuntime.Container> container =
        pod.filter(p -> uid.isEmpty() || uid.equals(p.pod().getMetadata().getUid())).stream()
            .flatMap(p -> p.running().stream())
            .filter(running -> running.name().equals(name))
            .map(NodePod.RunningContainer::container)
            .findFirst();
    if (container.isEmpty()) {
      exchange.refuse(500, "container not found (\"" + name + "\")");
    }
    return container;
  }
}
