package io.hubspoke.lab.bench.tunnel;

import io.hubspoke.lab.bench.Latencies;
import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.lab.bench.tunnel.Curl.Until;
import io.hubspoke.lab.bench.tunnel.TunnelFigure.Bar;
import io.hubspoke.lab.bench.tunnel.TunnelLoads.Held;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Puts the same loads on one way after another. */
public final class TunnelBench {
  private static final String RATE = "MB/s";
  private static final String MILLIS = "ms";
  private static final String MEGABYTES = "MB";

  /** Streams whose throughput a stopped reader beside them must leave alone. */
  private static final int BESIDE = 4;

  /** By then what is under way to a stopped reader has filled all that holds it. */
  private static final long FILLED_SECONDS = 1;

  /** So many seconds in a row nothing more of the memory was given back. */
  private static final int SETTLED_SECONDS = 3;

  private static final int LONGEST_SETTLING = 30;
  private static final int SHARED = 100;

  private final Vertx vertx;
  private final TargetPorts ports;
  private final Plan plan;
  private final Consumer<String> progress;
  private final List<TunnelFigure> figures = new ArrayList<>();

  /**
   * How much of it.
   *
   * @param streams how many are open where several are
   * @param idle connections that are opened to see what one costs
   * @param rounds how often a stopped reader comes and goes
   * @param curls how many requests curl makes
   * @param only what the name of a load must contain to be run
   */
  public record Plan(
      Duration warmUp, Duration time, int streams, int idle, int rounds, int curls, String only) {}

  public TunnelBench(Vertx vertx, TargetPorts ports, Plan plan, Consumer<String> progress) {
    this.vertx = vertx;
    this.ports = ports;
    this.plan = plan;
    this.progress = progress;
  }

  /** Returns what was measured so far. */
  public List<TunnelFigure> figures() {
    return List.copyOf(figures);
  }

  /** Runs all loads over one way; one that fails doesn't keep the others from it. */
  public void measure(TunnelEnds ends) throws InterruptedException {
    var loads = new TunnelLoads(vertx, ends.dialer(), ports);
    var tunnel = !ends.processes().isEmpty();
    try {
      loads.awaitUp();
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      figures.add(TunnelFigure.failed(ends.way(), "up", e));
      return;
    }
    if (tunnel) {
      // Before the others, whose garbage the processes would keep.
      step(ends, "%,d idle connections".formatted(plan.idle()), () -> idle(loads, ends));
    }
    throughput(ends, "one stream, from the node", () -> loads.reading(1), bar(tunnel, 250));
    throughput(ends, "one stream, to the node", () -> loads.writing(1), bar(tunnel, 250));
    var several = "%d streams, ".formatted(plan.streams());
    throughput(ends, several + "from the node", () -> loads.reading(plan.streams()), Bar.NONE);
    throughput(ends, several + "to the node", () -> loads.writing(plan.streams()), Bar.NONE);
    step(
        ends,
        "set-up of a connection",
        () -> {
          loads.settle(plan.streams(), plan.warmUp());
          return latencies(loads.setups(1, plan.time()).times(), Bar.NONE);
        });
    if (ends.curl() != null) {
      byCurl(loads, ends, tunnel);
    }
    step(
        ends,
        "connections, %d at a time".formatted(plan.streams()),
        () -> Map.of("", new Value(loads.setups(plan.streams(), plan.time()).perSecond(), "/s")));
    if (tunnel) {
      step(ends, "a stopped reader beside others", () -> stoppedReader(loads));
      // The last, since it leaves no tunnel.
      kill(ends, "%d connections whose far end is killed".formatted(plan.streams()), loads);
    }
  }

  private static Bar bar(boolean tunnel, double least) {
    return tunnel ? new Bar.AtLeast(least) : Bar.NONE;
  }

  private record Value(double number, String unit, Bar bar) {
    Value(double number, String unit) {
      this(number, unit, Bar.NONE);
    }
  }

  private void throughput(TunnelEnds ends, String what, Callable<Held> open, Bar bar)
      throws InterruptedException {
    step(
        ends,
        what,
        () -> {
          try (var streams = open.call()) {
            TunnelLoads.settle(streams, plan.warmUp());
            return Map.of(
                "", new Value(TunnelLoads.rate(streams, Duration.ZERO, plan.time()), RATE, bar));
          }
        });
  }

  private static Map<String, Value> latencies(Latencies times, Bar bar) {
    var values = new LinkedHashMap<String, Value>();
    values.put(", p50", new Value(times.percentile(0.5), MILLIS, bar));
    values.put(", p99", new Value(times.percentile(0.99), MILLIS));
    return values;
  }

  private void byCurl(TunnelLoads loads, TunnelEnds ends, boolean tunnel)
      throws InterruptedException {
    var curl = Curl.onPath();
    if (curl.isEmpty()) {
      progress.accept("curl is not on the PATH");
      return;
    }
    var url = "http://%s:%d/".formatted(TargetPorts.ADDRESS, ports.page());
    step(
        ends,
        "set-up of a connection by curl",
        () -> {
          // Curl alone would take minutes for it.
          loads.settle(plan.streams(), plan.warmUp());
          for (int i = 0; i < Math.max(1, plan.curls() / 4); i++) {
            curl.get().ask(ends.curl(), url, Until.FIRST_BYTE);
          }
          try (var bare = ends.bareTls()) {
            var times = new Latencies();
            var handshakes = new Latencies();
            for (int i = 0; i < plan.curls(); i++) {
              times.add(curl.get().ask(ends.curl(), url, Until.FIRST_BYTE));
              if (bare != null) {
                handshakes.add(curl.get().ask(bare.options(), bare.url(), Until.HANDSHAKE));
              }
            }
            var values = latencies(times, tunnel ? new Bar.Below(5) : Bar.NONE);
            if (bare != null) {
              values.put(", TLS alone, p50", new Value(handshakes.percentile(0.5), MILLIS));
            }
            return values;
          }
        });
  }

  /** By turns, since a machine's speed changes more than a stopped reader should change it. */
  private Map<String, Value> stoppedReader(TunnelLoads loads) throws Exception {
    var without = new ArrayList<Double>();
    var with = new ArrayList<Double>();
    try (var streams = loads.reading(BESIDE)) {
      TunnelLoads.rate(streams, plan.warmUp(), plan.time());
      for (int i = 0; i < plan.rounds(); i++) {
        without.add(TunnelLoads.rate(streams, Duration.ZERO, plan.time()));
        try (var stopped = loads.stopped(1)) {
          TimeUnit.SECONDS.sleep(FILLED_SECONDS);
          with.add(TunnelLoads.rate(streams, Duration.ZERO, plan.time()));
          progress.accept("  the stopped reader has received " + stopped.received() + " bytes");
        }
      }
    }
    var values = new LinkedHashMap<String, Value>();
    values.put(", without", new Value(median(without), RATE));
    values.put(", with one", new Value(median(with), RATE));
    values.put(
        ", below", new Value((1 - median(with) / median(without)) * 100, "%", new Bar.Below(5)));
    return values;
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  private Map<String, Value> idle(TunnelLoads loads, TunnelEnds ends) throws Exception {
    // The first ones make what all share.
    loads.idle(SHARED).close();
    settle(ends);
    var before = resident(ends);
    try (var _ = loads.idle(plan.idle())) {
      settle(ends);
      var after = resident(ends);
      var values = new LinkedHashMap<String, Value>();
      var total = 0L;
      for (var name : after.keySet()) {
        total += after.get(name);
        values.put(", " + name, new Value(after.get(name), MEGABYTES));
        values.put(
            ", %s, for each".formatted(name),
            new Value((after.get(name) - before.get(name)) * 1024.0 / plan.idle(), "KB"));
      }
      values.put(", sum of both", new Value(total, MEGABYTES));
      values.put(
          ", in all",
          new Value(
              ServerProcess.residentMegabytes(ends.processes().values()),
              MEGABYTES,
              new Bar.Below(300)));
      return values;
    }
  }

  /** Waits until what making connections took, the compiler's memory too, has been given back. */
  private void settle(TunnelEnds ends) throws InterruptedException {
    if (plan.warmUp().isZero()) {
      return;
    }
    long least = Long.MAX_VALUE;
    for (int second = 0, same = 0; second < LONGEST_SETTLING && same < SETTLED_SECONDS; second++) {
      TimeUnit.SECONDS.sleep(1);
      long now = resident(ends).values().stream().mapToLong(Long::longValue).sum();
      same = now < least ? 0 : same + 1;
      least = Math.min(least, now);
    }
  }

  private static Map<String, Long> resident(TunnelEnds ends) {
    var resident = new LinkedHashMap<String, Long>();
    ends.processes().forEach((name, process) -> resident.put(name, process.residentMegabytes()));
    return resident;
  }

  private void step(TunnelEnds ends, String what, Callable<Map<String, Value>> load)
      throws InterruptedException {
    if (!what.contains(plan.only())) {
      return;
    }
    var busy = cpuSeconds(ends);
    var began = System.nanoTime();
    run(ends, what, load);
    var seconds = (System.nanoTime() - began) / 1e9;
    var after = cpuSeconds(ends);
    after.replaceAll((name, used) -> (used - busy.get(name)) / seconds);
    progress.accept("  processors kept busy: " + after);
  }

  private void kill(TunnelEnds ends, String what, TunnelLoads loads) throws InterruptedException {
    if (!what.contains(plan.only())) {
      return;
    }
    run(
        ends,
        what,
        () -> {
          var broken =
              loads.killing(plan.streams(), List.copyOf(ends.processes().values()).getLast());
          var values = new LinkedHashMap<String, Value>();
          values.put(", dialer told", new Value(broken.dialerTold(), MILLIS, new Bar.Below(1000)));
          values.put(", target told", new Value(broken.targetTold(), MILLIS, new Bar.Below(1000)));
          return values;
        });
  }

  private void run(TunnelEnds ends, String what, Callable<Map<String, Value>> load)
      throws InterruptedException {
    progress.accept(ends.way() + ": " + what);
    try {
      load.call()
          .forEach(
              (which, value) -> {
                var figure =
                    TunnelFigure.of(
                        ends.way(), what + which, value.number(), value.unit(), value.bar());
                figures.add(figure);
                progress.accept(
                    "  %s %,.2f %s"
                        .formatted(which.replace(",", ""), figure.value(), figure.unit()));
              });
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      figures.add(TunnelFigure.failed(ends.way(), what, e));
      progress.accept("  failed: " + figures.getLast().failure());
    }
  }

  private static Map<String, Double> cpuSeconds(TunnelEnds ends) {
    var used = new LinkedHashMap<String, Double>();
    ends.processes().forEach((name, process) -> used.put(name, process.cpuSeconds()));
    used.put("load", new ServerProcess(ProcessHandle.current().pid()).cpuSeconds());
    return used;
  }
}
