package io.hubspoke.lab.bench;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.runtime.Component;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** Puts an apiserver under one load after another and measures it. */
public final class ApiBench {
  private static final int LIST_LENGTH = 500;
  private static final Duration LONGEST_START = Duration.ofSeconds(60);

  private final Vertx vertx;
  private final ClientConfig config;
  private final ServerProcess server;
  private final Consumer<String> progress;

  /**
   * How much of it.
   *
   * @param time how long each load lasts
   * @param warmUp how long the first ones are asked before they count
   * @param hey whether hey is to be used where there is one
   */
  public record Plan(
      int connections, Duration time, Duration warmUp, List<Integer> watchers, boolean hey) {
    public Plan {
      watchers = List.copyOf(watchers);
    }
  }

  /**
   * @param config whoever it is must be allowed to make namespaces and all that is in them
   * @param server null when it is not on this machine
   */
  public ApiBench(
      Vertx vertx, ClientConfig config, ServerProcess server, Consumer<String> progress) {
    this.vertx = vertx;
    this.config = config;
    this.server = server;
    this.progress = progress;
  }

  /** Runs all loads. */
  public List<Measurement> run(Plan plan) throws Exception {
    Connections admin = new Connections(vertx, config, 4);
    try {
      admin.await("/readyz", LONGEST_START);
      new BenchObjects(admin).make(plan.connections(), LIST_LENGTH);
      ClientConfig ordinary = ordinary(admin);
      Connections connections = new Connections(vertx, ordinary, plan.connections());
      try {
        return measure(connections, plan);
      } finally {
        Component.await(connections.close());
      }
    } finally {
      Component.await(admin.close());
    }
  }

  private List<Measurement> measure(Connections connections, Plan plan) throws Exception {
    ClosedLoop.Load get = load("GET", HttpMethod.GET, i -> BenchObjects.MAP, null, 200);
    ClosedLoop.Load post =
        load("POST", HttpMethod.POST, i -> BenchObjects.MAPS, i -> BenchObjects.GENERATED, 201);
    if (plan.warmUp().isPositive()) {
      progress.accept("warming up");
      loop(connections, get, plan, plan.warmUp());
      loop(connections, post, plan, plan.warmUp());
    }
    List<Measurement> measured = new ArrayList<>();
    measured.add(step(connections, get, plan));
    measured.add(
        step(
            connections,
            load("LIST of " + LIST_LENGTH, HttpMethod.GET, i -> BenchObjects.LISTED, null, 200),
            plan));
    measured.add(step(connections, post, plan));
    Leases leases = Leases.read(connections, plan.connections());
    measured.add(
        step(
            connections,
            new ClosedLoop.Load(
                "PUT of leases", HttpMethod.PUT, Leases::path, leases::renewal, 200, leases::seen),
            plan));
    if (plan.hey()) {
      measured.addAll(byHey(connections.config(), List.of(get, post), plan));
    }
    for (int watchers : plan.watchers()) {
      progress.accept(watchers + (watchers == 1 ? " watcher" : " watchers"));
      measured.addAll(fanOut(connections.config(), watchers, plan));
    }
    return measured;
  }

  private Measurement step(Connections connections, ClosedLoop.Load load, Plan plan)
      throws Exception {
    progress.accept(load.what());
    return loop(connections, load, plan, plan.time());
  }

  private Measurement loop(Connections connections, ClosedLoop.Load load, Plan plan, Duration time)
      throws Exception {
    return Component.await(ClosedLoop.run(connections, load, plan.connections(), time, server));
  }

  private List<Measurement> byHey(ClientConfig as, List<ClosedLoop.Load> loads, Plan plan)
      throws IOException, InterruptedException {
    Hey hey = Hey.onPath().orElse(null);
    if (hey == null) {
      progress.accept("hey is not on the PATH");
      return List.of();
    }
    if (!(as.credentials() instanceof Credentials.Token token)) {
      progress.accept("hey knows bearer tokens only, and there is none");
      return List.of();
    }
    List<Measurement> measured = new ArrayList<>();
    for (ClosedLoop.Load load : loads) {
      progress.accept("hey: " + load.what());
      measured.add(hey.run(as, token.value(), load, plan.connections(), plan.time(), server));
    }
    return measured;
  }

  private List<Measurement> fanOut(ClientConfig as, int watchers, Plan plan) throws Exception {
    // One more for the writer.
    Connections connections = new Connections(vertx, as, watchers + 1);
    try {
      FanOut.Result result =
          Component.await(
              new FanOut(connections, BenchObjects.WATCHED, watchers).run(plan.time(), server));
      return List.of(result.writes(), result.events());
    } finally {
      Component.await(connections.close());
    }
  }

  /** Asks as an ordinary user, who is authorized at each request, where there can be one. */
  private ClientConfig ordinary(Connections admin) throws Exception {
    if (!(config.credentials() instanceof Credentials.Certificate)) {
      return config;
    }
    String token = new BenchUser(admin).token();
    ClientConfig user = config.withCredentials(new Credentials.Token(token));
    Connections tried = new Connections(vertx, user, 1);
    try {
      int status = Component.await(tried.ask(HttpMethod.GET, BenchObjects.MAP, null));
      if (status != 200) {
        progress.accept(
            "bootstrap tokens are answered " + status + ": asking as the admin instead");
      }
      return status == 200 ? user : config;
    } finally {
      Component.await(tried.close());
    }
  }

  private static ClosedLoop.Load load(
      String what,
      HttpMethod method,
      IntFunction<String> path,
      IntFunction<Buffer> body,
      int expected) {
    return new ClosedLoop.Load(what, method, path, body == null ? i -> null : body, expected, null);
  }
}
