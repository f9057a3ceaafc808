package io.hubspoke.lab.bench;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.PortForwardClient;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandClient;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTransport;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.streams.ReadStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Puts streams through an apiserver to a kubelet and measures them, over TLS on both ways. */
public final class StreamBench {
  private static final double MEGA = 1e6;
  private static final Duration WARM_UP = Duration.ofSeconds(2);
  private static final RemoteCommand OUTPUT = new RemoteCommand(false, true, true, false);
  private static final RemoteCommand INPUT = new RemoteCommand(true, true, true, false);

  private final Vertx vertx;
  private final Connections connections;
  private final RemoteCommandClient commands;
  private final PortForwardClient forwards;
  private final ServerProcess hub;
  private final ServerProcess node;
  private final Consumer<String> progress;
  private final List<StreamFigure> figures = new ArrayList<>();

  /**
   * How much of it.
   *
   * @param time how long each load lasts
   * @param parallel how many execs and how many proxied requests are under way at a time
   * @param idle how many streams are opened to see what one costs
   */
  public record Plan(
      String node, String image, String command, Duration time, int parallel, int idle) {}

  public StreamBench(
      Vertx vertx,
      ClientConfig config,
      StreamTransport transport,
      int most,
      ServerProcess hub,
      ServerProcess node,
      Consumer<String> progress) {
    this.vertx = vertx;
    this.connections = new Connections(vertx, config, most);
    this.commands = new RemoteCommandClient(vertx, connections.http(), transport);
    this.forwards = new PortForwardClient(vertx, connections.http(), transport);
    this.hub = hub;
    this.node = node;
    this.progress = progress;
  }

  /** Runs all loads; one that fails doesn't keep the others from it. */
  public List<StreamFigure> run(Plan plan) throws Exception {
    String address = new BenchPod(connections).start(plan.node(), plan.image(), plan.command());
    PodServers servers = new PodServers();
    Component.await(servers.listen(vertx, address));
    step("exec round trips", "/s", () -> execs(plan));
    step("exec stdout", "MB/s", () -> stdout(plan));
    step("exec stdin", "MB/s", () -> stdin(plan));
    step("port-forward, from the pod", "MB/s", () -> forwardedDown(plan));
    step("port-forward, to the pod", "MB/s", () -> forwardedUp(plan, servers));
    step("pod proxy", "MB/s", () -> proxied(plan));
    step("small proxied requests", "/s", () -> smallProxied(plan));
    step("an idle exec, apiserver", "KB", () -> idle(plan, hub));
    step("an idle exec, kubelet", "KB", () -> idle(plan, node));
    return figures;
  }

  public Future<Void> close() {
    return connections.close();
  }

  private void step(String what, String unit, Callable<Double> load) {
    progress.accept(what);
    try {
      double value = load.call();
      figures.add(StreamFigure.of(what, value, unit));
      progress.accept("  %,.1f %s".formatted(value, unit));
    } catch (Exception e) {
      figures.add(StreamFigure.failed(what, e));
    }
  }

  private double execs(Plan plan) throws Exception {
    AtomicLong done = new AtomicLong();
    AtomicInteger running = new AtomicInteger(plan.parallel());
    Promise<Void> finished = Promise.promise();
    long began = System.nanoTime();
    long end = began + plan.time().toNanos();
    for (int i = 0; i < plan.parallel(); i++) {
      connections.loop().runOnContext(v -> nextExec(end, done, running, finished));
    }
    Component.await(finished.future());
    return done.get() / ((System.nanoTime() - began) / 1e9);
  }

  private void nextExec(long end, AtomicLong done, AtomicInteger running, Promise<Void> finished) {
    if (System.nanoTime() - end >= 0) {
      if (running.decrementAndGet() == 0) {
        finished.tryComplete();
      }
      return;
    }
    exec(OUTPUT, "true")
        .compose(
            process -> {
              process.stdout().handler(bytes -> {}).resume();
              process.stderr().handler(bytes -> {}).resume();
              return process.exited().onComplete(code -> process.close());
            })
        .onSuccess(
            code -> {
              done.incrementAndGet();
              nextExec(end, done, running, finished);
            })
        .onFailure(finished::tryFail);
  }

  private double stdout(Plan plan) throws Exception {
    RemoteProcess process = Component.await(onLoop(() -> exec(OUTPUT, "cat", "/dev/zero")));
    try {
      return rate(process.stdout(), plan.time());
    } finally {
      process.close();
    }
  }

  private double stdin(Plan plan) throws Exception {
    RemoteProcess process =
        Component.await(onLoop(() -> exec(INPUT, "sh", "-c", "cat > /dev/null")));
    try {
      AtomicLong taken = new AtomicLong();
      Buffer block = Buffer.buffer(new byte[64 << 10]);
      connections.loop().runOnContext(v -> feed(process, block, taken));
      return rate(taken::get, plan.time());
    } finally {
      process.close();
    }
  }

  private static void feed(RemoteProcess process, Buffer block, AtomicLong taken) {
    while (!process.stdin().writeQueueFull()) {
      var sent = process.stdin().write(block).onSuccess(v -> taken.addAndGet(block.length()));
      if (sent.failed()) {
        return; // it has ended, and is never full again
      }
    }
    process.stdin().drainHandler(v -> feed(process, block, taken));
  }

  private double forwardedDown(Plan plan) throws Exception {
    var connection = Component.await(onLoop(this::forward));
    try {
      return rate(Component.await(connection.open(PodServers.SOURCE)), plan.time());
    } finally {
      connection.close().otherwiseEmpty();
    }
  }

  private double forwardedUp(Plan plan, PodServers servers) throws Exception {
    var connection = Component.await(onLoop(this::forward));
    try {
      var sink = Component.await(connection.open(PodServers.SINK));
      sink.handler(nothing -> {}).resume();
      connections.loop().runOnContext(v -> PodServers.fill(sink));
      return rate(servers::swallowed, plan.time());
    } finally {
      connection.close().otherwiseEmpty();
    }
  }

  private Future<io.hubspoke.streams.PortForwardConnection> forward() {
    return forwards.connect(new RequestOptions().setURI(BenchPod.PATH + "/portforward"));
  }

  private double proxied(Plan plan) throws Exception {
    var response =
        Component.await(
            onLoop(
                () ->
                    connections
                        .send(HttpMethod.GET, proxy("zeros"), null)
                        .map(
                            answer -> {
                              answer.pause();
                              return answer;
                            })));
    try {
      if (response.statusCode() != 200) {
        throw new IOException("answered " + response.statusCode());
      }
      return rate(response, plan.time());
    } finally {
      response.request().reset();
    }
  }

  private double smallProxied(Plan plan) throws Exception {
    var load =
        new ClosedLoop.Load("small", HttpMethod.GET, i -> proxy("small"), i -> null, 200, null);
    var measured =
        Component.await(ClosedLoop.run(connections, load, plan.parallel(), plan.time(), hub));
    if (measured.failed() > 0) {
      throw new IOException(measured.failed() + " requests failed");
    }
    return measured.perSecond();
  }

  private static String proxy(String path) {
    return BenchPod.PATH + ":" + PodServers.HTTP + "/proxy/" + path;
  }

  /** Opens streams where nothing moves; they are closed again. */
  private double idle(Plan plan, ServerProcess server) throws Exception {
    // The first ones make what all share.
    openIdle(plan.idle() / 5);
    double before = server.residentMegabytes();
    var opened = openIdle(plan.idle());
    TimeUnit.SECONDS.sleep(2);
    double after = server.residentMegabytes();
    opened.forEach(RemoteProcess::close);
    return (after - before) * 1024 / plan.idle();
  }

  private List<RemoteProcess> openIdle(int count) throws Exception {
    List<RemoteProcess> opened = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      opened.add(Component.await(onLoop(() -> exec(INPUT, "cat"))));
    }
    return opened;
  }

  private Future<RemoteProcess> exec(RemoteCommand streams, String... command) {
    StringBuilder uri = new StringBuilder(BenchPod.PATH + "/exec?container=main");
    uri.append("&stdin=").append(streams.stdin());
    uri.append("&stdout=").append(streams.stdout());
    uri.append("&stderr=").append(streams.stderr());
    for (String word : command) {
      uri.append("&command=")
          .append(java.net.URLEncoder.encode(word, java.nio.charset.StandardCharsets.UTF_8));
    }
    return commands.start(new RequestOptions().setURI(uri.toString()), streams);
  }

  private <T> Future<T> onLoop(Callable<Future<T>> task) {
    Promise<T> done = Promise.promise();
    connections
        .loop()
        .runOnContext(
            v -> {
              try {
                task.call().onComplete(done);
              } catch (Exception e) {
                done.fail(e);
              }
            });
    return done.future();
  }

  /** Reads it for a while and returns its megabytes a second. */
  private static double rate(ReadStream<Buffer> stream, Duration time) throws Exception {
    AtomicLong read = new AtomicLong();
    stream.handler(bytes -> read.addAndGet(bytes.length()));
    stream.exceptionHandler(broken -> {});
    stream.resume();
    return rate(read::get, time);
  }

  private static double rate(LongSupplier bytes, Duration time) throws Exception {
    TimeUnit.NANOSECONDS.sleep(WARM_UP.toNanos());
    long began = System.nanoTime();
    long before = bytes.getAsLong();
    TimeUnit.NANOSECONDS.sleep(time.toNanos());
    long moved = bytes.getAsLong() - before;
    if (moved == 0) {
      throw new IOException("no byte came");
    }
    return moved / MEGA / ((System.nanoTime() - began) / 1e9);
  }
}
