package io.hubspoke.lab.cluster;

import io.hubspoke.lab.bench.ProcessUsage;
import io.hubspoke.lab.scale.NodePools;
import io.hubspoke.lab.scale.NodeRange;
import io.hubspoke.lab.scale.PoolReport;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import io.vertx.core.eventbus.Message;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Places the nodes of a run over the members of a lab cluster, by their load, and anew those of
 * members that die. Members that come late get nodes that are not placed yet.
 */
public final class LabNodes implements NodePools {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final long PULSE_MILLIS = 1_000;
  private static final long LOOK_MILLIS = 50;
  private static final long END_SECONDS = 10;

  /** Starts a member of this machine, which ends with the lab. */
  @FunctionalInterface
  public interface OwnMember {
    Process start(Path directory) throws IOException;
  }

  /**
   * What members are to be.
   *
   * @param own how many are started here
   * @param least how many must be there before nodes are placed
   * @param directory where those started here keep their nodes' files
   */
  public record Wanted(int own, int least, Path directory) {}

  private final LabCluster cluster;
  private final Pulse pulse;
  private final Wanted wanted;
  private final OwnMember launcher;
  private final Function<String, Future<Void>> forget;
  private final Consumer<String> phase;
  private final Map<String, LabMember> members = new LinkedHashMap<>();
  private final Deque<NodeRange> pending = new ArrayDeque<>();
  private final List<String> events = new ArrayList<>();
  private final List<Process> children = new ArrayList<>();
  private int nodes;
  private int moving;
  private boolean toldOfRoom;
  private volatile boolean closed;

  /**
   * Begins with no member.
   *
   * @param pulse what members are told of the lab
   * @param forget has the cluster forget a node of a member that has gone
   * @param phase told what happens to members
   */
  public LabNodes(
      LabCluster cluster,
      Pulse pulse,
      Wanted wanted,
      OwnMember launcher,
      Function<String, Future<Void>> forget,
      Consumer<String> phase) {
    this.cluster = cluster;
    this.pulse = pulse;
    this.wanted = wanted;
    this.launcher = launcher;
    this.forget = forget;
    this.phase = phase;
  }

  @Override
  public void start(int all) throws Exception {
    synchronized (this) {
      nodes = all;
      pending.add(new NodeRange(1, all));
    }
    cluster.onLeft(this::left);
    Component.await(
        cluster.bus().<Object>consumer(LabBus.OBSERVATIONS).handler(this::observed).completion());
    cluster.vertx().setPeriodic(0, PULSE_MILLIS, timer -> publish(pulse));
    for (var n = 1; n <= wanted.own(); n++) {
      var child = launcher.start(wanted.directory().resolve(String.valueOf(n)));
      synchronized (this) {
        children.add(child);
      }
    }
    awaitMembers();
    Thread.ofVirtual().name("place nodes").start(this::place);
  }

  private void publish(Pulse now) {
    cluster.bus().publish(LabBus.PULSE, LabBus.encode(now.json()));
  }

  private void awaitMembers() throws Exception {
    var deadline = System.nanoTime() + PATIENCE.toNanos();
    while (present() < wanted.least()) {
      if (closed) {
        throw new IOException("stopped");
      }
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(
            "%d of %d members offer room after %d s"
                .formatted(present(), wanted.least(), PATIENCE.toSeconds()));
      }
      synchronized (this) {
        if (children.stream().anyMatch(child -> !child.isAlive())) {
          throw new IOException("a member that was started here has ended");
        }
      }
      TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
    }
  }

  private synchronized int present() {
    return (int) members.values().stream().filter(member -> !member.isGone()).count();
  }

  private void observed(Message<Object> message) {
    LabBus.decode(message, Observation::of).ifPresent(this::observed);
  }

  private synchronized void observed(Observation now) {
    var member = members.get(now.member());
    if (member == null) {
      member = new LabMember(members.size() + 1, new MemberNodes(cluster.bus(), now.member()), now);
      members.put(now.member(), member);
      tell(
          "%s offers room for %,d nodes: %d processors, %,d MB free"
              .formatted(member, now.capacity(), now.processors(), now.freeMegabytes()));
    } else {
      member.seen(now);
    }
  }

  private void tell(String what) {
    if (!closed) {
      events.add(what);
      phase.accept(what);
    }
  }

  private synchronized void left(String id) {
    var member = members.get(id);
    // At the end all leave.
    if (closed || member == null || member.isGone()) {
      return;
    }
    var count = member.nodes().size();
    member.leave().forEach(this::move);
    tell("%s has gone: its %,d nodes are placed anew".formatted(member, count));
  }

  /** Has nodes placed again as soon as the cluster takes others of their names. */
  private void move(NodeRange range) {
    moving += range.size();
    var names = IntStream.rangeClosed(range.first(), range.last()).mapToObj(n -> "node-" + n);
    Future.join(names.map(forget).toList())
        .onFailure(e -> phase.accept("nodes " + range + ": " + Component.reason(e)))
        .onComplete(
            done -> {
              synchronized (this) {
                moving -= range.size();
                pending.addFirst(range);
              }
            });
  }

  /** Hands nodes out until the end, whenever there are some and a member has room. */
  private void place() {
    try {
      while (!closed) {
        placeSome();
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void placeSome() {
    while (!pending.isEmpty()) {
      var present = members.values().stream().filter(member -> !member.isGone()).toList();
      var chosen = Placement.next(present.stream().map(LabMember::candidate).toList());
      if (chosen.isEmpty()) {
        tellOfRoom(present);
        return;
      }
      var range = pending.removeFirst();
      var room = chosen.get().capacity() - chosen.get().nodes();
      var count = Math.min(Math.min(range.size(), room), Placement.batch(nodes, present.size()));
      var part = new NodeRange(range.first(), range.first() + count - 1);
      if (count < range.size()) {
        pending.addFirst(new NodeRange(part.last() + 1, range.last()));
      }
      give(members.get(chosen.get().member()), part);
    }
  }

  private void tellOfRoom(List<LabMember> present) {
    var room = present.stream().mapToInt(LabMember::capacity).sum();
    if (!toldOfRoom && room < nodes) {
      toldOfRoom = true;
      tell("members have room for %,d of %,d nodes: waiting for others".formatted(room, nodes));
    }
  }

  private void give(LabMember member, NodeRange range) {
    for (var n = range.first(); n <= range.last(); n++) {
      member.nodes().add(n);
    }
    member.pool().start(range).onFailure(e -> refused(member, range, e));
  }

  /** An order that did not arrive is one for somebody; what was done with others is observed. */
  private synchronized void refused(LabMember member, NodeRange range, Throwable e) {
    if (member.isGone() || closed) {
      return;
    }
    tell("%s does not take nodes %s: %s".formatted(member, range, Component.reason(e)));
    for (var n = range.first(); n <= range.last(); n++) {
      member.nodes().remove(n);
    }
    pending.addFirst(range);
  }

  @Override
  public synchronized List<PoolReport> reports() {
    return members.values().stream()
        .filter(member -> !member.isGone())
        .map(member -> member.pool().report())
        .toList();
  }

  @Override
  public synchronized boolean joined() {
    var reports = reports();
    return pending.isEmpty()
        && moving == 0
        && reports.stream().allMatch(PoolReport::complete)
        && reports.stream().mapToInt(PoolReport::asked).sum() == nodes;
  }

  @Override
  public synchronized Map<String, ProcessUsage> usage() {
    var usage = new LinkedHashMap<String, ProcessUsage>();
    members.values().forEach(member -> usage.put(member.toString(), member));
    return usage;
  }

  @Override
  public Optional<Path> directory(String node) {
    for (var n = 1; n <= wanted.own(); n++) {
      var directory = wanted.directory().resolve(String.valueOf(n)).resolve(node);
      if (Files.exists(directory)) {
        return Optional.of(directory);
      }
    }
    return Optional.empty();
  }

  @Override
  public synchronized List<String> notes() {
    var notes = new ArrayList<>(events);
    for (var member : members.values()) {
      if (!member.isGone()) {
        var report = member.pool().report();
        notes.add(
            "%s: %,d nodes, %,d in, %,d failed%s"
                .formatted(
                    member,
                    report.asked(),
                    report.joined(),
                    report.failed(),
                    report.failure().isEmpty() ? "" : ", the last since " + report.failure()));
      }
    }
    return notes;
  }

  @Override
  public void close() throws IOException {
    List<Process> ending;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      ending = List.copyOf(children);
    }
    publish(new Pulse(pulse.coordinator(), pulse.server(), pulse.block(), true));
    for (var child : ending) {
      end(child);
    }
    cluster.close();
  }

  private static void end(Process child) {
    try {
      if (child.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    child.destroyForcibly();
  }
}
