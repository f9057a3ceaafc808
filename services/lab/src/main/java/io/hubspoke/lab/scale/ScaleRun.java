package io.hubspoke.lab.scale;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.lab.bench.ProcessUsage;
import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.DirectoryTree;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One cluster of many nodes, from the start of its processes to their end. Its methods block;
 * {@link #close} may be called from another thread, and ends the run.
 */
public final class ScaleRun implements AutoCloseable {
  private static final Duration BASE_PATIENCE = Duration.ofMinutes(5);
  private static final Duration PATIENCE_A_NODE = Duration.ofSeconds(1);
  private static final Duration PATIENCE_A_POD = Duration.ofMillis(50);
  private static final long LOOK_MILLIS = 250;
  private static final long MARK_MILLIS = 200;

  /** How the processes of a run are started. */
  public interface Launcher {
    /** Starts a control plane, whose files are there once it is ready. */
    ControlPlane controlPlane(Path directory) throws IOException;

    /**
     * Returns what is to run the nodes of a control plane that is there now; nothing runs yet.
     *
     * @param forget has the cluster forget a node that is gone, before it is begun anew elsewhere
     */
    NodePools pools(ScalePlan plan, Cluster cluster, Function<String, Future<Void>> forget)
        throws IOException;
  }

  /**
   * What nodes are told of their control plane.
   *
   * @param server the apiserver's URL
   * @param block of loopback addresses that the lab has
   */
  public record Cluster(URI server, int block) {
    /** Reads what {@link #json()} returns. */
    public static Cluster of(JsonNode said) {
      return new Cluster(URI.create(said.path("server").asText()), said.path("block").asInt());
    }

    /** Returns it for other processes. */
    public ObjectNode json() {
      return Json.object().put("block", block).put("server", server.toString());
    }
  }

  private final ScalePlan plan;
  private final Launcher launcher;
  private final Consumer<String> phase;
  private final Consumer<Supplier<String>> live;
  private final Vertx vertx = Component.vertx();
  private final long began = System.nanoTime();
  private NodePools pools;
  private final Map<String, ProcessUsage> processes = new LinkedHashMap<>();
  private volatile boolean closed;
  private ControlPlane controlPlane;
  private long peakMegabytes;
  private long phaseMegabytes;

  /**
   * Begins with nothing.
   *
   * @param phase told what begins now
   * @param live told what to show of how it goes; asked for it when it is shown
   */
  public ScaleRun(
      ScalePlan plan, Launcher launcher, Consumer<String> phase, Consumer<Supplier<String>> live) {
    this.plan = plan;
    this.launcher = launcher;
    this.phase = phase;
    this.live = live;
  }

  /** Does what is planned. */
  public ScaleResult run() throws Exception {
    phase.accept("starting a control plane");
    var cluster = startControlPlane();
    var admin = ClientConfig.read(plan.directory().resolve("admin.kubeconfig"));
    var client = new ApiClient(vertx, admin);
    var context = ((VertxInternal) vertx).createEventLoopContext();
    var nodes = new NodeWatch(client, context);
    Component.await(nodes.start());
    var leases = new LeaseWatch(client, context);
    Component.await(leases.start());
    var before = requestTimes(client);

    phase.accept("starting %,d nodes".formatted(plan.nodes()));
    startNodes(cluster, nodes);
    live.accept(
        () ->
            "%,d of %,d nodes ready, %,d MB"
                .formatted(nodes.ready(), plan.nodes(), totalMegabytes()));
    await(
        () -> nodes.ready() >= plan.nodes() - pools.failed(),
        BASE_PATIENCE.plus(PATIENCE_A_NODE.multipliedBy(plan.nodes())),
        () -> "%,d of %,d nodes are ready".formatted(nodes.ready(), plan.nodes()));
    var readySeconds = seconds(began);
    phase.accept("%,d nodes ready in %.1f s".formatted(nodes.ready(), readySeconds));
    // Nodes that are ready need not have been told yet that they have joined.
    await(pools::joined, BASE_PATIENCE, () -> "some nodes have not joined");

    var joined = requestTimes(client);
    var joinLeases = leases.renewals();
    var bare = totalMegabytes();
    var pods = new PodWatch(client, Deployments.NAMESPACE, context);
    var podSeconds = plan.pods() == 0 ? 0 : startPods(client, pods);
    var after = requestTimes(client);
    var joinCpu = cpuSeconds();
    var podLeases = plan.pods() == 0 ? null : leases.renewals();

    phase.accept("trying %d nodes".formatted(plan.samples()));
    var sample =
        new Sample(vertx, admin, pools::directory)
            .of(plan.nodes(), plan.samples(), pods.some(plan.samples()));
    var beforeHold = requestTimes(client);
    var cpu = cpuSeconds();
    var holdBegan = System.nanoTime();
    phaseMegabytes = 0;
    hold(nodes);
    var holdSeconds = seconds(holdBegan);
    var afterHold = requestTimes(client);
    var costs = new ArrayList<ScaleResult.ProcessCost>();
    var cpuAfter = cpuSeconds();
    // Some may have come while it was held.
    processes()
        .forEach(
            (name, process) ->
                costs.add(
                    new ScaleResult.ProcessCost(
                        name,
                        process.residentMegabytes(),
                        process.peakMegabytes(),
                        joinCpu.getOrDefault(name, 0.0),
                        (cpuAfter.getOrDefault(name, 0.0) - cpu.getOrDefault(name, 0.0))
                            / holdSeconds)));
    var result =
        new ScaleResult(
            plan,
            readySeconds,
            plan.pods() == 0
                ? null
                : new ScaleResult.Pods(
                    podSeconds, phaseMegabytes - bare, after.since(joined), podLeases, pods.lost()),
            costs,
            peakMegabytes,
            phaseMegabytes,
            joined.since(before),
            joinLeases,
            afterHold.since(beforeHold),
            nodes.lag(),
            leases.renewals(),
            nodes.lost(),
            pools.failed(),
            sample,
            pools.notes());
    phase.accept("stopping");
    Component.await(pods.stop());
    Component.await(leases.stop());
    Component.await(nodes.stop());
    Component.await(client.close());
    return result;
  }

  private Cluster startControlPlane() throws Exception {
    var made = launcher.controlPlane(plan.directory());
    synchronized (this) {
      controlPlane = made;
      processes.put("this process", new ServerProcess(ProcessHandle.current().pid()));
      processes.putAll(made.usage());
    }
    if (closed) {
      close();
    }
    return made.ready();
  }

  private void startNodes(Cluster cluster, NodeWatch nodes) throws Exception {
    var made = launcher.pools(plan, cluster, nodes::forget);
    synchronized (this) {
      pools = made;
    }
    if (closed) {
      close();
    }
    made.start(plan.nodes());
  }

  private double startPods(ApiClient client, PodWatch pods) throws Exception {
    phase.accept("starting %,d pods".formatted(plan.pods()));
    Deployments.createNamespace(client);
    Component.await(pods.start());
    var start = System.nanoTime();
    live.accept(
        () ->
            "%,d pods made, %,d with a node, %,d of %,d ready, %,d MB"
                .formatted(
                    pods.created(), pods.scheduled(), pods.ready(), plan.pods(), totalMegabytes()));
    Deployments.create(client, plan.pods());
    await(
        () -> pods.ready() >= plan.pods(),
        BASE_PATIENCE.plus(PATIENCE_A_POD.multipliedBy(plan.pods())),
        () -> "%,d of %,d pods are ready".formatted(pods.ready(), plan.pods()));
    var seconds = seconds(start);
    phase.accept("%,d pods ready in %.1f s".formatted(pods.ready(), seconds));
    return seconds;
  }

  /** Looks on, and changes a node now and then to see how soon a watcher sees it. */
  private void hold(NodeWatch nodes) throws Exception {
    var end = System.nanoTime() + plan.hold().toNanos();
    phase.accept("holding for %d s".formatted(plan.hold().toSeconds()));
    live.accept(
        () ->
            "%,d of %,d nodes ready, %,d MB, %d s left"
                .formatted(
                    nodes.ready(),
                    plan.nodes(),
                    totalMegabytes(),
                    Math.max(0, (end - System.nanoTime()) / 1_000_000_000)));
    nodes.lag();
    var looks = 0;
    while (System.nanoTime() < end && !closed) {
      if (looks++ % 10 == 0) {
        totalMegabytes();
      }
      var node = "node-" + (ThreadLocalRandom.current().nextInt(plan.nodes()) + 1);
      Component.await(nodes.mark(node).otherwiseEmpty());
      TimeUnit.MILLISECONDS.sleep(MARK_MILLIS);
    }
  }

  private void await(Supplier<Boolean> reached, Duration patience, Supplier<String> otherwise)
      throws InterruptedException, TimeoutException, IOException {
    var deadline = System.nanoTime() + patience.toNanos();
    while (!reached.get()) {
      if (System.nanoTime() > deadline) {
        var failure = pools.failure();
        throw new TimeoutException(
            "%s after %d s%s"
                .formatted(
                    otherwise.get(),
                    patience.toSeconds(),
                    failure.isEmpty() ? "" : "; a node that failed: " + failure));
      }
      if (closed) {
        throw new IOException("stopped");
      }
      if (!controlPlane.isAlive()) {
        throw new IOException("the control plane has ended");
      }
      TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      totalMegabytes();
    }
  }

  private static RequestTimes requestTimes(ApiClient client) throws Exception {
    return RequestTimes.read(Component.await(client.raw("/metrics")).toString());
  }

  private synchronized Map<String, ProcessUsage> processes() {
    var all = new LinkedHashMap<>(processes);
    if (pools != null) {
      all.putAll(pools.usage());
    }
    return all;
  }

  private Map<String, Double> cpuSeconds() {
    var seconds = new LinkedHashMap<String, Double>();
    processes().forEach((name, process) -> seconds.put(name, process.cpuSeconds()));
    return seconds;
  }

  private synchronized long totalMegabytes() {
    long total = 0;
    for (var process : processes().values()) {
      try {
        total += process.residentMegabytes();
      } catch (RuntimeException ended) {
        // It is missed elsewhere.
      }
    }
    peakMegabytes = Math.max(peakMegabytes, total);
    phaseMegabytes = Math.max(phaseMegabytes, total);
    return total;
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }

  /** Ends all processes and deletes the directory. */
  @Override
  public void close() throws IOException {
    closed = true;
    NodePools ending;
    ControlPlane last;
    synchronized (this) {
      ending = pools;
      last = controlPlane;
    }
    // Whatever does not end: there are keys in the directory.
    try {
      if (ending != null) {
        ending.close();
      }
    } finally {
      try {
        if (last != null) {
          last.close();
        }
      } finally {
        DirectoryTree.delete(plan.directory());
      }
    }
  }
}
