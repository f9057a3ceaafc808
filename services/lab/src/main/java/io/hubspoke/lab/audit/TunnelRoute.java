package io.hubspoke.lab.audit;

import io.hubspoke.lab.Egress;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Meshes;
import io.hubspoke.lab.wire.Mode;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.StreamTransport;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * T1, T2, T3: the tunnel itself. Requests to a kubelet and to a pod get through it while the direct
 * way is cut; without it they fail at once, with its name, and nothing tries another way.
 */
public final class TunnelRoute implements Route {
  private static final String NODE = TunnelLeg.NODE;
  private static final Duration AT_ONCE = Duration.ofSeconds(5);

  private final Egress egress;

  /** Measures one kind of tunnel. */
  public TunnelRoute(Egress egress) {
    if (egress == Egress.DIRECT) {
      throw new IllegalArgumentException("no tunnel");
    }
    this.egress = egress;
  }

  @Override
  public String id() {
    return switch (egress) {
      case DIRECT, SSH -> "T1";
      case KONNECTIVITY_GRPC -> "T2";
      case KONNECTIVITY_HTTP_CONNECT -> "T3";
    };
  }

  @Override
  public String title() {
    return switch (egress) {
      case DIRECT, SSH -> "SSH tunnel to each node";
      case KONNECTIVITY_GRPC -> "Konnectivity, gRPC over a socket";
      case KONNECTIVITY_HTTP_CONNECT -> "Konnectivity, HTTP CONNECT";
    };
  }

  @Override
  public Posture posture() {
    return Posture.DEFAULT;
  }

  @Override
  public Meshes.Kind mesh() {
    return new Meshes.Kind(posture(), egress);
  }

  @Override
  public String egress() {
    return egress.toString();
  }

  @Override
  public Map<Property, Boolean> expectation() {
    var expected = new EnumMap<Property, Boolean>(Property.class);
    for (var property : Property.values()) {
      expected.put(property, true);
    }
    notApplicable().keySet().forEach(expected::remove);
    return expected;
  }

  @Override
  public Map<Property, String> notApplicable() {
    return egress.isKonnectivity()
        ? Map.of(
            Property.AUTHORIZED,
            "whoever may dial at the server's end of the hub may dial anything; agents are N11")
        : Map.of();
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var workload = new Workload(mesh);
    var canary = Checks.canary();
    var way = Way.to(mesh, mesh.nodes().get(NODE).wire(), false);
    workload.ticker(canary, NODE, canary, List.of("--message=" + canary, "--interval=100ms"));
    try (var admin = Probe.as(mesh, mesh.adminIdentity())) {
      workload.runs(canary);
      var recording = way.tap();
      verdicts.put(Property.REACHABLE, reachable(mesh, admin, canary));
      verdicts.put(Property.ENCRYPTED, way.encrypted(recording, canary));
      verdicts.put(Property.PATH, way.path());
      way.release();
      verdicts.put(
          Property.SERVER_VERIFIED,
          way.serverVerified(List.of(ForgedLog.of(mesh, admin, canary, Checks.canary())), false));
      way.release();
      var door = TunnelDoor.of(mesh);
      verdicts.put(Property.CLIENT_AUTHENTICATED, door.authenticated());
      var authorized = door.authorized();
      authorized.ifPresent(verdict -> verdicts.put(Property.AUTHORIZED, verdict));
      return verdicts;
    } finally {
      way.end();
      workload.delete(canary);
    }
  }

  private Verdict reachable(Mesh mesh, Probe admin, String pod) throws Exception {
    var evidence = Checks.evidence();
    var url = Workload.url(mesh, pod) + "/log";
    var log =
        Checks.eventually(
            Checks.PATIENCE,
            () -> admin.get(url),
            answer -> answer.status() == 200 && answer.body().startsWith(pod + " 1\n"));
    evidence.put("log", log.brief());
    var good = log.body().startsWith(pod + " 1\n");
    var cat = new RemoteCommand(true, true, false, false);
    try (var caller =
        new StreamsCaller(mesh.vertx(), mesh.adminIdentity(), StreamTransport.WEBSOCKET)) {
      var ran =
          caller.run(
              Workload.url(mesh, pod) + "/exec?command=cat&stdin=true&stdout=true", cat, pod);
      evidence.put("exec cat", ran.brief());
      good &= ran.stdout().equals(pod);
    }
    var leg = TunnelLeg.of(mesh).wire();
    Component.await(leg.mode(new Mode.Cut(Mode.Cut.How.REFUSE)));
    var begun = System.nanoTime();
    var without = Checks.eventually(AT_ONCE, () -> admin.get(url), answer -> failed(mesh, answer));
    var name = egress == Egress.SSH ? "ssh " + NODE : egress.toString();
    evidence
        .put("withTheTunnelCut", without.brief(name))
        .put("afterMillis", Duration.ofNanos(System.nanoTime() - begun).toMillis());
    Component.await(leg.mode(Mode.forward()));
    TunnelLeg.of(mesh).awaitUp();
    var again = admin.get(url + "?tailLines=1");
    evidence.put("withTheTunnelMended", again.brief());
    return Verdict.of(good && failed(mesh, without) && again.body().startsWith(pod), evidence);
  }

  /** In a deployment other nodes' agents are asked then, which don't connect to this node. */
  private boolean failed(Mesh mesh, Probe.Answer answer) {
    return answer.status() == 503
        || (mesh.deployed() && egress.isKonnectivity() && answer.status() == 500);
  }
}
