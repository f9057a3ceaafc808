package io.hubspoke.lab.cluster;

import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.lab.scale.NodePool;
import io.hubspoke.lab.scale.PoolOrder;
import io.hubspoke.runtime.Component;
import io.vertx.core.eventbus.Message;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Offers room for nodes in this process to a lab, until that ends. Methods block. */
public final class Offer {
  private static final long OBSERVE_MILLIS = 500;

  /** Less than {@link LabCluster#SUSPECTED}, after which its nodes are begun elsewhere. */
  private static final Duration SILENCE = Duration.ofSeconds(15);

  /** What runs nodes of a lab here. */
  @FunctionalInterface
  public interface Nodes {
    /**
     * Gets ready to run nodes of the cluster that a lab tells of.
     *
     * @throws Exception when that cluster is not to be believed, or lets nobody in
     */
    NodePool of(Pulse lab) throws Exception;
  }

  private final LabCluster cluster;
  private final int capacity;
  private final Nodes nodes;
  private final CompletableFuture<Pulse> lab = new CompletableFuture<>();
  private final CompletableFuture<String> ended = new CompletableFuture<>();
  private final MachineLoad machine = new MachineLoad();
  private final ServerProcess process = new ServerProcess(ProcessHandle.current().pid());
  private volatile long heard = System.nanoTime();

  /** Offers room for so many nodes. */
  public Offer(LabCluster cluster, int capacity, Nodes nodes) {
    this.cluster = cluster;
    this.capacity = capacity;
    this.nodes = nodes;
  }

  /**
   * Runs what is ordered until the lab ends.
   *
   * @param offered called when orders can come
   * @return why it ended, for people
   */
  public String serve(Runnable offered) throws Exception {
    cluster.onLeft(this::left);
    Component.await(cluster.bus().<Object>consumer(LabBus.PULSE).handler(this::pulse).completion());
    CompletableFuture.anyOf(lab, ended).get();
    if (ended.isDone()) {
      return ended.join();
    }
    var pool = nodes.of(lab.join());
    Component.await(
        cluster
            .bus()
            .<Object>consumer(LabBus.orders(cluster.id()))
            .handler(order -> obey(pool, order))
            .completion());
    offered.run();
    var looked = System.nanoTime();
    while (true) {
      cluster.bus().publish(LabBus.OBSERVATIONS, LabBus.encode(observe(pool).json()));
      try {
        return ended.get(OBSERVE_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException goesOn) {
        var now = System.nanoTime();
        // Also when this process stood still meanwhile, whatever it is sent now.
        if (now - heard > SILENCE.toNanos() || now - looked > SILENCE.toNanos()) {
          return "the lab was not heard for " + SILENCE.toSeconds() + " s";
        }
        looked = now;
      }
    }
  }

  private void left(String member) {
    if (lab.isDone() ? lab.join().coordinator().equals(member) : cluster.isAlone()) {
      ended.complete("the lab has ended");
    }
  }

  private void pulse(Message<Object> message) {
    LabBus.decode(message, Pulse::of)
        .ifPresent(
            pulse -> {
              lab.complete(pulse);
              if (!pulse.coordinator().equals(lab.join().coordinator())) {
                return;
              }
              heard = System.nanoTime();
              if (pulse.ended()) {
                ended.complete("the lab has ended");
              }
            });
  }

  /** Answers once it is done; how it went is seen by what is observed. */
  private static void obey(NodePool pool, Message<Object> message) {
    LabBus.decode(message, PoolOrder::of)
        .map(
            order ->
                switch (order) {
                  case PoolOrder.Start(var range) -> pool.start(range);
                  case PoolOrder.Stop(var range) -> pool.stop(range);
                })
        .ifPresent(
            done -> done.onComplete(result -> message.reply(LabBus.encode(pool.report().json()))));
  }

  private Observation observe(NodePool pool) {
    return new Observation(
        cluster.id(),
        name(),
        capacity,
        machine.processors(),
        machine.busy(),
        machine.freeMegabytes(),
        process.residentMegabytes(),
        process.peakMegabytes(),
        process.cpuSeconds(),
        pool.report());
  }

  private static String name() {
    try {
      return InetAddress.getLocalHost().getHostName() + ":" + ProcessHandle.current().pid();
    } catch (UnknownHostException e) {
      return "process " + ProcessHandle.current().pid();
    }
  }
}
