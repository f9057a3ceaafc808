package io.hubspoke.lab.bench;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.PortForwardClient;
import io.hubspoke.streams.PortForwardConnection;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTransport;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.streams.ReadStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Puts streams through an apiserver to a kubelet and measures them, over TLS on both ways. */
public final class StreamBench {
  private static final double MEGA = 1e6;

  private static final int OPENED_AT_A_TIME = 8;

  /** A line of a log, with its end; as long as usual ones. */
  private static final int LINE = 100;

  private static final String MB_A_SECOND = "MB/s";

  private static final String EXECS = "exec round trips";
  private static final String STDOUT = "exec stdout";
  private static final String STDIN = "exec stdin";
  private static final String COPY_TO = "cp to the pod";
  private static final String COPY_FROM = "cp from the pod";
  private static final String FORWARD_FROM = "port-forward, from the pod";
  private static final String FORWARD_TO = "port-forward, to the pod";
  private static final String PROXY = "pod proxy";
  private static final String SMALL = "small proxied requests";
  private static final String IDLE_HUB = "an idle exec, apiserver";
  private static final String IDLE_NODE = "an idle exec, kubelet";
  private static final String LOG = "lines of a followed log";

  /** Names of the loads, in the order in which they run. */
  public static final List<String> NAMES =
      List.of(
          EXECS,
          STDOUT,
          STDIN,
          COPY_TO,
          COPY_FROM,
          FORWARD_FROM,
          FORWARD_TO,
          PROXY,
          SMALL,
          IDLE_HUB,
          IDLE_NODE,
          LOG);

  private record Load(String unit, Callable<Double> run) {}

  private final Vertx vertx;
  private final Connections connections;
  private final PodExecs execs;
  private final PortForwardClient forwards;
  private final ServerProcess hub;
  private final ServerProcess node;
  private final ServerProcess self = new ServerProcess(ProcessHandle.current().pid());
  private final Consumer<String> progress;
  private final List<StreamFigure> figures = new ArrayList<>();

  /**
   * How much of it.
   *
   * @param warmUp how long each load runs before it counts
   * @param time how long each load lasts
   * @param copy size of the file that is copied
   * @param only what the name of a load must contain to be run
   * @param parallel how many execs and how many proxied requests are under way at a time
   * @param idle how many streams are opened to see what one costs
   */
  public record Plan(
      String node,
      String image,
      String command,
      String only,
      Duration warmUp,
      Duration time,
      long copy,
      int parallel,
      int idle) {

    boolean includes(String name) {
      return name.contains(only);
    }
  }

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
    this.execs = new PodExecs(vertx, connections, transport);
    this.forwards = new PortForwardClient(vertx, connections.http(), transport);
    this.hub = hub;
    this.node = node;
    this.progress = progress;
  }

  /** Runs all loads; one that fails doesn't keep the others from it. */
  public List<StreamFigure> run(Plan plan) throws Exception {
    BenchPod.awaitNode(connections, plan.node());
    String address = BenchPod.STREAMS.start(connections, plan.node(), plan.image(), plan.command());
    PodServers servers = new PodServers();
    Component.await(servers.listen(vertx, address));
    Map<String, Load> loads = loads(plan, servers);
    NAMES.stream().filter(plan::includes).forEach(name -> step(name, loads.get(name)));
    return figures;
  }

  private Map<String, Load> loads(Plan plan, PodServers servers) {
    PodCopies copies = new PodCopies(execs, plan.copy());
    Map<String, Load> loads = new HashMap<>();
    loads.put(EXECS, new Load("/s", () -> execs(plan)));
    loads.put(STDOUT, new Load(MB_A_SECOND, () -> stdout(plan)));
    loads.put(STDIN, new Load(MB_A_SECOND, () -> stdin(plan)));
    loads.put(COPY_TO, new Load(MB_A_SECOND, () -> plan.copy() / MEGA / copies.there()));
    loads.put(COPY_FROM, new Load(MB_A_SECOND, () -> plan.copy() / MEGA / copies.back()));
    loads.put(FORWARD_FROM, new Load(MB_A_SECOND, () -> forwardedDown(plan)));
    loads.put(FORWARD_TO, new Load(MB_A_SECOND, () -> forwardedUp(plan, servers)));
    loads.put(PROXY, new Load(MB_A_SECOND, () -> rateOfAnswer(proxy("zeros"), plan)));
    loads.put(SMALL, new Load("/s", () -> smallProxied(plan)));
    loads.put(IDLE_HUB, new Load("KB", () -> idle(plan, hub)));
    loads.put(IDLE_NODE, new Load("KB", () -> idle(plan, node)));
    loads.put(LOG, new Load("/s", () -> followedLog(plan)));
    return loads;
  }

  public Future<Void> close() {
    return connections.close();
  }

  private void step(String what, Load load) {
    progress.accept(what);
    double[] before = cpuSeconds();
    long began = System.nanoTime();
    try {
      double value = load.run().call();
      double seconds = (System.nanoTime() - began) / 1e9;
      double[] after = cpuSeconds();
      var busy =
          new StreamFigure.Busy(
              (after[0] - before[0]) / seconds,
              (after[1] - before[1]) / seconds,
              (after[2] - before[2]) / seconds);
      figures.add(StreamFigure.of(what, value, load.unit(), busy));
      progress.accept("  %,.1f %s, processors busy: %s".formatted(value, load.unit(), busy));
    } catch (Exception e) {
      figures.add(StreamFigure.failed(what, e));
      progress.accept("  failed: " + figures.getLast().failure());
    }
  }

  private double[] cpuSeconds() {
    return new double[] {hub.cpuSeconds(), node.cpuSeconds(), self.cpuSeconds()};
  }

  private double execs(Plan plan) throws Exception {
    if (plan.warmUp().isPositive()) {
      execs(plan.parallel(), plan.warmUp());
    }
    return execs(plan.parallel(), plan.time());
  }

  private double execs(int parallel, Duration time) throws Exception {
    AtomicLong done = new AtomicLong();
    AtomicInteger running = new AtomicInteger(parallel);
    Promise<Void> finished = Promise.promise();
    long began = System.nanoTime();
    long end = began + time.toNanos();
    for (int i = 0; i < parallel; i++) {
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
    execs
        .start(PodExecs.OUTPUT, "true")
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
    RemoteProcess process = Component.await(execs.start(PodExecs.OUTPUT, "cat", "/dev/zero"));
    try {
      return rate(process.stdout(), plan);
    } finally {
      process.close();
    }
  }

  private double stdin(Plan plan) throws Exception {
    RemoteProcess process =
        Component.await(execs.start(PodExecs.INPUT, "sh", "-c", "cat > /dev/null"));
    try {
      AtomicLong taken = new AtomicLong();
      Buffer block = Buffer.buffer(new byte[64 << 10]);
      connections.loop().runOnContext(v -> feed(process, block, taken));
      return rate(taken::get, plan);
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
    var connection = Component.await(connections.onLoop(this::forward));
    try {
      return rate(Component.await(connection.open(PodServers.SOURCE)), plan);
    } finally {
      connection.close().otherwiseEmpty();
    }
  }

  private double forwardedUp(Plan plan, PodServers servers) throws Exception {
    var connection = Component.await(connections.onLoop(this::forward));
    try {
      var sink = Component.await(connection.open(PodServers.SINK));
      sink.handler(nothing -> {}).resume();
      connections.loop().runOnContext(v -> PodServers.fill(sink));
      return rate(servers::swallowed, plan);
    } finally {
      connection.close().otherwiseEmpty();
    }
  }

  private Future<PortForwardConnection> forward() {
    return forwards.connect(new RequestOptions().setURI(BenchPod.STREAMS.path() + "/portforward"));
  }

  private double rateOfAnswer(String path, Plan plan) throws Exception {
    HttpClientResponse response =
        Component.await(
            connections.onLoop(
                () ->
                    connections
                        .send(HttpMethod.GET, path, null)
                        .onSuccess(HttpClientResponse::pause)));
    try {
      if (response.statusCode() != 200) {
        throw new IOException("answered " + response.statusCode());
      }
      return rate(response, plan);
    } finally {
      response.request().reset();
    }
  }

  private double smallProxied(Plan plan) throws Exception {
    var load =
        new ClosedLoop.Load("small", HttpMethod.GET, i -> proxy("small"), i -> null, 200, null);
    Component.await(ClosedLoop.run(connections, load, plan.parallel(), plan.warmUp(), hub));
    var measured =
        Component.await(ClosedLoop.run(connections, load, plan.parallel(), plan.time(), hub));
    if (measured.failed() > 0) {
      throw new IOException(measured.failed() + " requests failed");
    }
    return measured.perSecond();
  }

  private static String proxy(String path) {
    return BenchPod.STREAMS.path() + ":" + PodServers.HTTP + "/proxy/" + path;
  }

  /** Opens streams where nothing moves; they are closed again. */
  private double idle(Plan plan, ServerProcess server) throws Exception {
    List<RemoteProcess> opened = new CopyOnWriteArrayList<>();
    try {
      // The first ones make what all share.
      openIdle(plan.idle() / 5, opened);
      double before = server.residentMegabytes();
      openIdle(plan.idle(), opened);
      TimeUnit.SECONDS.sleep(2);
      double after = server.residentMegabytes();
      return (after - before) * 1024 / plan.idle();
    } finally {
      opened.forEach(RemoteProcess::close);
    }
  }

  private void openIdle(int count, List<RemoteProcess> opened) throws Exception {
    for (int left = count; left > 0; left -= OPENED_AT_A_TIME) {
      List<Future<RemoteProcess>> some = new ArrayList<>();
      for (int i = 0; i < Math.min(left, OPENED_AT_A_TIME); i++) {
        some.add(execs.start(PodExecs.INPUT, "cat").onSuccess(opened::add));
      }
      Component.await(Future.join(some));
    }
  }

  private double followedLog(Plan plan) throws Exception {
    String line = "x".repeat(LINE - 1);
    BenchPod.LOG.start(connections, plan.node(), plan.image(), "[\"yes\", \"" + line + "\"]");
    try {
      String path = BenchPod.LOG.path() + "/log?follow=true&tailLines=0";
      return rateOfAnswer(path, plan) * MEGA / LINE;
    } finally {
      BenchPod.LOG.delete(connections);
    }
  }

  /** Reads it for a while and returns its megabytes a second. */
  private static double rate(ReadStream<Buffer> stream, Plan plan) throws Exception {
    AtomicLong read = new AtomicLong();
    stream.handler(bytes -> read.addAndGet(bytes.length()));
    stream.exceptionHandler(broken -> {});
    stream.resume();
    return rate(read::get, plan);
  }

  private static double rate(LongSupplier bytes, Plan plan) throws Exception {
    TimeUnit.NANOSECONDS.sleep(plan.warmUp().toNanos());
    long began = System.nanoTime();
    long before = bytes.getAsLong();
    TimeUnit.NANOSECONDS.sleep(plan.time().toNanos());
    long moved = bytes.getAsLong() - before;
    if (moved == 0) {
      throw new IOException("no byte came");
    }
    return moved / MEGA / ((System.nanoTime() - began) / 1e9);
  }
}
