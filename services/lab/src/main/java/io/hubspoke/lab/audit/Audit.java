package io.hubspoke.lab.audit;

import io.hubspoke.lab.Egress;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Meshes;
import io.hubspoke.runtime.Component;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Measures routes, each on a mesh of its kind. */
public final class Audit {
  private static final int AT_ONCE = 6;

  private final Meshes meshes;
  private final Consumer<String> progress;

  public Audit(Meshes meshes, Consumer<String> progress) {
    this.meshes = meshes;
    this.progress = progress;
  }

  /** Every route that is measured so far, in the order of a report. */
  public static List<Route> routes() {
    var routes = new ArrayList<Route>();
    routes.add(new BootstrapRoute());
    routes.add(new NodeRoute());
    routes.add(new InClusterRoute());
    routes.add(KubeProxyRoute.inPod());
    routes.add(KubeProxyRoute.onHost());
    routes.add(new ControlPlaneRoute());
    routes.add(new WebhookRoute());
    routes.add(new TokensRoute());
    routes.add(new HubOnlyRoute());
    routes.add(new RotationRoute());
    for (var ofPosture :
        List.<Function<Posture, Route>>of(LogsRoute::new, ExecRoute::new, PortForwardRoute::new)) {
      routes.add(ofPosture.apply(Posture.DEFAULT));
      routes.add(ofPosture.apply(Posture.VERIFIED));
    }
    routes.addAll(ProxyRoute.to(ProxyTarget.NODE, Egress.DIRECT));
    routes.add(new NodeProxyRoute(Posture.DEFAULT));
    routes.add(new NodeProxyRoute(Posture.VERIFIED));
    routes.addAll(ProxyRoute.to(ProxyTarget.POD, Egress.DIRECT));
    routes.addAll(ProxyRoute.to(ProxyTarget.SERVICE, Egress.DIRECT));
    routes.add(new AdmissionRoute(Egress.DIRECT));
    routes.add(new RunRoute(Posture.OPEN));
    routes.add(new RunRoute(Posture.DEFAULT));
    routes.add(HubOnlyRoute.withKonnectivity());
    routes.add(AgentRoute.withToken());
    routes.add(AgentRoute.withCertificate());
    for (var egress : Egress.values()) {
      if (egress != Egress.DIRECT) {
        routes.addAll(through(egress));
      }
    }
    return List.copyOf(routes);
  }

  /** A tunnel, and all that it carries. */
  public static List<Route> through(Egress tunnel) {
    var kind = new Meshes.Kind(Posture.DEFAULT, tunnel);
    var routes = new ArrayList<Route>();
    routes.add(new TunnelRoute(tunnel));
    routes.add(new LogsRoute(kind));
    routes.add(new LogsRoute(new Meshes.Kind(Posture.VERIFIED, tunnel)));
    routes.add(new ExecRoute(kind));
    routes.add(new PortForwardRoute(kind));
    routes.addAll(ProxyRoute.to(ProxyTarget.NODE, tunnel));
    routes.add(new NodeProxyRoute(kind));
    routes.addAll(ProxyRoute.to(ProxyTarget.POD, tunnel));
    routes.addAll(ProxyRoute.to(ProxyTarget.SERVICE, tunnel));
    routes.add(new AdmissionRoute(tunnel));
    return routes;
  }

  /**
   * Measures these routes; one that breaks down is a row that says so. Those of one mesh follow
   * each other, since they put their taps and interceptors on the same wires; meshes share nothing,
   * so that work goes on with some of them at a time, those of most routes first: while one waits
   * another has the processor.
   */
  public List<Row> run(List<? extends Route> routes) throws InterruptedException {
    var measuring = new HashMap<Meshes.Start, Future<List<Row>>>();
    try (var threads = Executors.newFixedThreadPool(AT_ONCE, Thread.ofVirtual().factory())) {
      try {
        for (var onOne : byMesh(routes)) {
          measuring.put(meshes.of(onOne.getFirst()), threads.submit(() -> measure(onOne)));
        }
        var rows = new HashMap<Meshes.Start, Iterator<Row>>();
        for (var mesh : measuring.entrySet()) {
          rows.put(mesh.getKey(), mesh.getValue().get().iterator());
        }
        return routes.stream().map(route -> rows.get(meshes.of(route)).next()).toList();
      } catch (InterruptedException e) {
        threads.shutdownNow();
        throw e;
      } catch (ExecutionException e) {
        threads.shutdownNow();
        throw new IllegalStateException("a measurement ended: " + Component.reason(e), e);
      }
    }
  }

  private List<List<Route>> byMesh(List<? extends Route> routes) {
    return routes.stream()
        .collect(Collectors.groupingBy(meshes::of, LinkedHashMap::new, Collectors.<Route>toList()))
        .values()
        .stream()
        .sorted(Comparator.<List<Route>>comparingInt(List::size).reversed())
        .toList();
  }

  private List<Row> measure(List<? extends Route> routes) throws InterruptedException {
    var rows = new ArrayList<Row>();
    for (var route : routes) {
      progress.accept("measuring %s %s".formatted(route.label(), route.title()));
      rows.add(row(route));
    }
    return rows;
  }

  private Row row(Route route) throws InterruptedException {
    var begun = System.nanoTime();
    Map<Property, Verdict> verdicts = Map.of();
    Optional<String> failure = Optional.empty();
    try {
      verdicts = route.measure(meshes.get(route));
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      failure = Optional.of(Component.reason(e));
    }
    return new Row(
        route.id(),
        route.title(),
        route.postureShown(),
        route.egress(),
        route.expectation(),
        route.notApplicable(),
        verdicts,
        failure,
        Duration.ofNanos(System.nanoTime() - begun));
  }
}
