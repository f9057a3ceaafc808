package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubelet.server.Access;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.pki.CertificateProfile;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * C7: somebody on the node network has a kubelet run a command in a pod, without the apiserver
 * ("Kubelet authentication/authorization"). Open, anybody may; closed (C7c), who is known to the
 * cluster and has the right.
 */
public final class RunRoute implements Route {
  private static final String NODE = "node-1";
  private static final List<String> ADMINISTRATORS = List.of("system:masters");
  private static final Grant.Rule READ =
      new Grant.Rule(List.of("nodes/proxy"), List.of(NODE), List.of("get"));
  private static final Grant.Rule RUN =
      new Grant.Rule(List.of("nodes/proxy"), List.of(NODE), List.of("create"));

  private final Posture posture;

  /** Measures kubelets that let everybody in (open), or those of another posture. */
  public RunRoute(Posture posture) {
    this.posture = posture;
  }

  private boolean open() {
    return posture == Posture.OPEN;
  }

  @Override
  public String id() {
    return open() ? "C7" : "C7c";
  }

  @Override
  public String title() {
    return "kubelet's API, from the node network";
  }

  @Override
  public Posture posture() {
    return posture;
  }

  @Override
  public String postureShown() {
    return open() ? "open" : "closed";
  }

  @Override
  public String egress() {
    return "-";
  }

  @Override
  public Map<Property, Boolean> expectation() {
    return Map.of(
        Property.REACHABLE,
        true,
        Property.ENCRYPTED,
        true,
        Property.CLIENT_AUTHENTICATED,
        !open(),
        Property.AUTHORIZED,
        !open());
  }

  @Override
  public Map<Property, String> notApplicable() {
    return Map.of(
        Property.SERVER_VERIFIED,
        "the caller is anybody, who verifies what he likes; the apiserver as caller is C1 and C1v",
        Property.PATH,
        "anybody on the node network may open the connection");
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var workload = new Workload(mesh);
    var canary = Checks.canary();
    var account = new Account(mesh, canary);
    var wire = mesh.nodes().get(NODE).wire();
    workload.ticker(canary, NODE, canary, List.of("--interval=1m"));
    account.create();
    try {
      workload.runs(canary);
      var recording = Checks.tap(wire);
      verdicts.put(Property.REACHABLE, open() ? byAnybody(mesh, canary) : byAdmin(mesh, canary));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, canary));
      Checks.release(wire);
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, account, canary));
      verdicts.put(Property.AUTHORIZED, authorized(mesh, account, canary));
      return verdicts;
    } finally {
      Checks.release(wire);
      account.delete();
      workload.delete(canary);
    }
  }

  private static String url(Mesh mesh, String path) {
    var node = mesh.nodes().get(NODE);
    return "https://%s:%d%s".formatted(node.advertises(), node.port(), path);
  }

  private static String path(String pod) {
    return "/run/%s/%s/%s".formatted(Workload.NAMESPACE, pod, Workload.container());
  }

  private static String command(String word) {
    return "echo ran-" + word;
  }

  private static Probe.Answer run(Mesh mesh, Probe caller, String pod) throws InterruptedException {
    return caller.send(
        "POST", url(mesh, path(pod)) + "?cmd=" + URLEncoder.encode(command(pod), UTF_8));
  }

  private static boolean ran(Probe.Answer answer, String pod) {
    return answer.status() == 200 && answer.body().strip().equals("ran-" + pod);
  }

  private static Optional<Access> lastAccess(Mesh mesh, String pod) {
    return mesh.accesses(NODE).stream()
        .filter(access -> access.path().equals(path(pod)))
        .reduce((earlier, later) -> later);
  }

  private static Verdict byAnybody(Mesh mesh, String pod) throws Exception {
    var evidence = Checks.evidence();
    try (var stranger = Probe.anonymous(mesh.stranger())) {
      var answer = run(mesh, stranger, pod);
      evidence.put("command", command(pod)).put("output", answer.brief());
      return Verdict.of(ran(answer, pod), evidence);
    }
  }

  private static Verdict byAdmin(Mesh mesh, String pod) throws Exception {
    try (var admin = Probe.as(mesh.adminIdentity(), mesh.stranger())) {
      var answer = run(mesh, admin, pod);
      return Verdict.of(
          ran(answer, pod),
          Checks.evidence().put("command", command(pod)).put("output", answer.brief()));
    }
  }

  /** Each stranger is refused, and each of two known callers is who he is. */
  private Verdict authenticated(Mesh mesh, Account account, String pod) throws Exception {
    var evidence = Checks.evidence();
    if (open()) {
      return unauthenticated(mesh, pod, evidence);
    }
    var refused =
        Checks.refusesStrangers(
            mesh,
            "POST",
            url(mesh, path(pod)) + "?cmd=true",
            "kubernetes-admin",
            ADMINISTRATORS,
            evidence);
    for (var wrong : account.wrongTokens().entrySet()) {
      try (var probe = Probe.withToken(mesh, wrong.getValue())) {
        var answer = run(mesh, probe, pod);
        evidence.put("token: " + wrong.getKey(), answer.brief());
        refused &= answer.status() == 401;
      }
    }
    Checks.inShort(evidence, "without credentials: " + evidence.path("noCredentials").asText());
    try (var admin = Probe.as(mesh, mesh.adminIdentity())) {
      run(mesh, admin, pod);
    }
    var admin = seenAs(mesh, pod, "kubernetes-admin", ADMINISTRATORS, evidence);
    try (var holder = Probe.withToken(mesh, account.token())) {
      run(mesh, holder, pod);
    }
    var byToken = seenAs(mesh, pod, account.user(), List.of("system:serviceaccounts"), evidence);
    return Verdict.of(refused && admin && byToken, evidence);
  }

  private static boolean seenAs(
      Mesh mesh, String pod, String user, List<String> groups, ObjectNode evidence)
      throws Exception {
    // The kubelet tells of a request after it has answered it.
    var seen =
        Checks.eventually(
            Checks.MOMENT,
            () -> lastAccess(mesh, pod),
            last -> last.filter(access -> access.user().equals(user)).isPresent());
    evidence
        .withArray("kubeletSaw")
        .add(seen.map(a -> a.user() + " of " + a.groups()).orElse("nobody"));
    return seen.filter(a -> a.user().equals(user) && a.groups().containsAll(groups)).isPresent();
  }

  private static Verdict unauthenticated(Mesh mesh, String pod, ObjectNode evidence)
      throws Exception {
    var from = mesh.stranger();
    try (var stranger = Probe.anonymous(from)) {
      var answer = run(mesh, stranger, pod);
      var seen = Checks.eventually(Checks.MOMENT, () -> lastAccess(mesh, pod), Optional::isPresent);
      evidence
          .put("noCredentials", answer.brief())
          .put("from", from.address())
          .put("kubeletSaw", seen.map(Access::user).orElse("nobody"));
      if (ran(answer, pod)) {
        Checks.inShort(
            evidence,
            "anybody (%s, no credentials) ran '%s' in pod %s: %s"
                .formatted(from.address(), command(pod), pod, answer.body().strip()));
      }
      return Verdict.of(!ran(answer, pod), evidence);
    }
  }

  private Verdict authorized(Mesh mesh, Account account, String pod) throws Exception {
    var evidence = Checks.evidence();
    var nobody = mesh.issue(CertificateProfile.client("nobody", List.of(), Duration.ofHours(1)));
    try (var stranger = Probe.as(mesh, nobody);
        var holder = Probe.withToken(mesh, account.token())) {
      var unrightful = run(mesh, stranger, pod);
      evidence.put("userWithoutRights", unrightful.brief());
      if (open()) {
        return Verdict.of(!ran(unrightful, pod), evidence);
      }
      Checks.inShort(evidence, "with too few rights: " + unrightful.brief());
      var withoutRights = run(mesh, holder, pod);
      evidence.put("accountWithoutRights", withoutRights.brief());
      return Verdict.of(
          unrightful.status() == 403
              && withoutRights.status() == 403
              && rightsDecide(mesh, pod, evidence),
          evidence);
    }
  }

  /** One who may read of the node's proxy reads and runs nothing; one who may create runs. */
  private static boolean rightsDecide(Mesh mesh, String pod, ObjectNode evidence) throws Exception {
    return allowed(mesh, pod, READ, 200, 403, evidence)
        && allowed(mesh, pod, RUN, 403, 200, evidence);
  }

  /** Asks as an account of its own: kubelets remember for a while what they were answered. */
  private static boolean allowed(
      Mesh mesh, String pod, Grant.Rule rule, int read, int run, ObjectNode evidence)
      throws Exception {
    var account = new Account(mesh, Checks.canary());
    var grant = new Grant(mesh, account.name(), Grant.Scope.CLUSTER);
    account.create();
    try (var holder = Probe.withToken(mesh, account.token())) {
      grant.to(Grant.account(account.name()), rule);
      var reading = holder.get(url(mesh, "/pods"));
      var running = run(mesh, holder, pod);
      evidence
          .putObject("accountThatMay " + rule.verbs() + " " + rule.resources())
          .put("GET /pods", reading.status())
          .put("POST /run", running.brief());
      return reading.status() == read && running.status() == run;
    } finally {
      grant.delete();
      account.delete();
    }
  }
}
