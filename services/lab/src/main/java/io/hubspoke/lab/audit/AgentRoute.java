package io.hubspoke.lab.audit;

import io.hubspoke.lab.Egress;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Meshes;
import io.hubspoke.pki.Identity;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * N11: Konnectivity agents connect to the Konnectivity server and stay connected ("Konnectivity
 * service"). They show a service account's token, or a certificate (N11c).
 */
public final class AgentRoute implements NodeToControlPlane {
  private static final String NODE = TunnelLeg.NODE;

  private final AgentCredentials credentials;

  private AgentRoute(AgentCredentials credentials) {
    this.credentials = credentials;
  }

  /** Agents that show a token. */
  public static AgentRoute withToken() {
    return new AgentRoute(new AgentCredentials.Token());
  }

  /** Agents that show a certificate. */
  public static AgentRoute withCertificate() {
    return new AgentRoute(new AgentCredentials.Certificate());
  }

  @Override
  public String id() {
    return switch (credentials) {
      case AgentCredentials.Token _ -> "N11";
      case AgentCredentials.Certificate _ -> "N11c";
    };
  }

  @Override
  public String title() {
    return "Konnectivity agent, by " + credentials.name();
  }

  /** The lab has agents show tokens where the hub speaks gRPC, and certificates elsewhere. */
  @Override
  public Meshes.Kind mesh() {
    return new Meshes.Kind(
        Posture.DEFAULT,
        switch (credentials) {
          case AgentCredentials.Token _ -> Egress.KONNECTIVITY_GRPC;
          case AgentCredentials.Certificate _ -> Egress.KONNECTIVITY_HTTP_CONNECT;
        });
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var workload = new Workload(mesh);
    var canary = Checks.canary();
    var leg = TunnelLeg.of(mesh);
    var way = Way.to(mesh, mesh.nodes().get(NODE).wire(), false);
    workload.ticker(canary, NODE, canary, List.of("--message=" + canary, "--interval=100ms"));
    try (var admin = Probe.as(mesh, mesh.adminIdentity())) {
      workload.runs(canary);
      var recording = way.tap();
      verdicts.put(Property.REACHABLE, reachable(mesh, admin, canary));
      verdicts.put(Property.ENCRYPTED, way.encrypted(recording, canary));
      verdicts.put(Property.PATH, way.path());
      way.release();
      var request = ForgedLog.of(mesh, admin, canary, Checks.canary());
      verdicts.put(Property.SERVER_VERIFIED, leg.refusesInterceptor(request));
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh));
      verdicts.put(Property.AUTHORIZED, authorized(mesh));
      return verdicts;
    } finally {
      way.end();
      workload.delete(canary);
    }
  }

  /** What the agent's connection is for: the control plane gets to the node over it alone. */
  private static Verdict reachable(Mesh mesh, Probe admin, String pod) throws Exception {
    var log =
        Checks.eventually(
            Checks.PATIENCE,
            () -> admin.get(Workload.url(mesh, pod) + "/log"),
            answer -> answer.status() == 200 && answer.body().startsWith(pod + " 1\n"));
    return Verdict.of(
        log.status() == 200 && log.body().startsWith(pod + " 1\n"),
        Checks.evidence().put("logOverTheAgentsConnection", log.brief()));
  }

  private AgentCaller caller(Mesh mesh, Identity identity) {
    var server = TunnelLeg.of(mesh).wire().address();
    return new AgentCaller(server, mesh.at(NODE), identity);
  }

  private Verdict authenticated(Mesh mesh) throws Exception {
    var evidence = Checks.evidence();
    var refused = true;
    for (var stranger : credentials.strangers(mesh).entrySet()) {
      var taken = offer(mesh, stranger.getValue());
      evidence.put(stranger.getKey(), taken.said());
      refused &= !taken.asAgent();
    }
    var own = offer(mesh, credentials.own(mesh, NODE));
    evidence.put("ownCredentials", own.said());
    return Verdict.of(refused && own.asAgent(), evidence);
  }

  /** Who is known to the cluster is no agent for that, and an agent is nobody at the apiserver. */
  private Verdict authorized(Mesh mesh) throws Exception {
    var check = new RoleCheck();
    for (var other : credentials.others(mesh, NODE).entrySet()) {
      var taken = offer(mesh, other.getValue());
      check.holds("refused: " + other.getKey() + ": " + taken.said(), !taken.asAgent());
    }
    var shown = credentials.own(mesh, NODE);
    check.holds("the agent's own are taken", offer(mesh, shown).asAgent());
    try (var agent =
        shown.token() == null
            ? Probe.as(mesh, shown.identity())
            : Probe.withToken(mesh, shown.token())) {
      var answer = agent.get(Nodes.server(mesh) + "/api/v1/nodes");
      check.holds("nothing at the apiserver: " + answer.brief(), Checks.unauthenticated(answer));
    }
    return check.verdict();
  }

  private AgentCaller.Taken offer(Mesh mesh, AgentCredentials.Shown shown)
      throws InterruptedException {
    try (var caller = caller(mesh, shown.identity())) {
      return caller.offer(Checks.canary(), shown.token());
    }
  }
}
