package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.kubelet.server.Access;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.lab.wire.Interception;
import io.hubspoke.lab.wire.Mode;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.runtime.Component;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * N7: for each caller of its API a kubelet asks the apiserver whose his token is and what he may do
 * ("Kubelet authentication", "Kubelet authorization"). The callers stand behind the wire, so that
 * what crosses it are the reviews.
 */
public final class WebhookRoute implements NodeToControlPlane {
  private static final String NODE = "node-1";
  private static final String KUBELET = "system:node:" + NODE;
  private static final List<String> GROUPS = List.of("system:nodes");
  private static final String PATH = "/pods";
  private static final String TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews";
  private static final String ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  private static final Grant.Rule READ =
      new Grant.Rule(List.of("nodes/proxy"), List.of(NODE), List.of("get"));

  @Override
  public String id() {
    return "N7";
  }

  @Override
  public String title() {
    return "kubelet's reviews of its callers";
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var canary = Checks.canary();
    var account = new Account(mesh, canary);
    var grant = new Grant(mesh, canary, Grant.Scope.CLUSTER);
    var wire = mesh.nodesUplink();
    account.create();
    grant.to(Grant.account(canary), READ);
    try {
      verdicts.put(Property.SERVER_VERIFIED, serverVerified(mesh, wire));
      var path = PathWatch.toApiserver(mesh, wire);
      var recording = Checks.tap(wire);
      verdicts.put(Property.REACHABLE, reviewed(mesh, account));
      verdicts.put(Property.PATH, path.openedBy(Nodes.addresses(mesh)));
      // A review of access names the caller, whose name the canary is.
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, canary));
      Checks.release(wire);
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh));
      verdicts.put(Property.AUTHORIZED, authorized(mesh, wire, account));
      return verdicts;
    } finally {
      Checks.release(wire);
      grant.delete();
      account.delete();
    }
  }

  /** The kubelet where it listens: its callers don't cross the wire. */
  private static String kubelet(Mesh mesh) {
    return "https://%s:%d%s"
        .formatted(mesh.addresses().nodeListens(1), mesh.nodes().get(NODE).port(), PATH);
  }

  /** Waits until the first node's kubelet is answered by the apiserver, and so has a connection. */
  static void awaitReviews(Mesh mesh) throws Exception {
    var account = new Account(mesh, Checks.canary());
    account.create();
    try {
      var token = account.token();
      var unused =
          Checks.eventually(
              Checks.PATIENCE,
              () -> ask(mesh, token).status(),
              status -> status == 200 || status == 403);
    } finally {
      account.delete();
    }
  }

  private static Probe.Answer ask(Mesh mesh, String token) throws InterruptedException {
    try (var caller = Probe.withToken(mesh, token)) {
      return caller.get(kubelet(mesh));
    }
  }

  /** A caller who may read is let in, and the kubelet says whom the apiserver took him for. */
  private static Verdict reviewed(Mesh mesh, Account account) throws Exception {
    var token = account.token();
    // On a connection that was reset a moment ago the first review fails.
    var answer =
        Checks.eventually(Checks.PATIENCE, () -> ask(mesh, token), got -> got.status() == 200);
    var seen =
        Checks.eventually(
            Checks.MOMENT,
            () ->
                mesh.accesses(NODE).stream()
                    .filter(access -> access.user().equals(account.user()))
                    .filter(access -> access.code() == 200)
                    .findFirst(),
            Optional::isPresent);
    var evidence =
        Checks.evidence()
            .put("GET " + PATH, answer.status())
            .put("kubeletSaw", seen.map(Access::user).orElse("nobody"))
            .put("groups", seen.map(Access::groups).orElse(List.of()).toString());
    return Verdict.of(
        answer.status() == 200
            && answer.body().contains("\"kind\":\"PodList\"")
            && seen.filter(a -> a.groups().contains("system:serviceaccounts")).isPresent(),
        evidence);
  }

  /** The interceptor answers reviews itself: whoever asks is the administrator, who may. */
  private static Verdict serverVerified(Mesh mesh, Wire wire) throws Exception {
    var node = mesh.nodes().get(NODE).advertises();
    var forgery = new ForgedReview(mesh);
    var interceptor = Checks.intercept(mesh, wire, forgery.alteration());
    try {
      var received =
          Checks.eventually(
              Checks.PATIENCE,
              forgery::call,
              got ->
                  got.forged()
                      || interceptor.interceptions().stream().anyMatch(i -> refused(i, node)));
      var seen = Checks.serverVerifiedByNow(interceptor, node);
      return Deception.judge(seen, received, Deception.firstLine(interceptor));
    } finally {
      Component.await(interceptor.close());
      Checks.release(wire);
    }
  }

  private static boolean refused(Interception interception, String from) {
    return interception.crossing().from().equals(from)
        && interception.outcome() instanceof Interception.Outcome.Refused;
  }

  /** Somebody with a token that he has made up himself. */
  private record ForgedReview(Mesh mesh) implements Deception {
    @Override
    public Alteration alteration() {
      var answer = Json.object();
      var status = answer.putObject("status").put("authenticated", true).put("allowed", true);
      status.putObject("user").put("username", "forged-administrator");
      return new Alteration.Answer(answer.toString());
    }

    @Override
    public Received call() throws Exception {
      var answer = ask(mesh, Checks.canary());
      return new Received(answer.brief(), answer.status() == 200, answer.status() != 200);
    }
  }

  /** The kubelet asks with its own certificate, without which nobody gets an answer. */
  private static Verdict authenticated(Mesh mesh) throws Exception {
    var evidence = Checks.evidence();
    var server = Nodes.server(mesh);
    var refused = true;
    for (var reviews : List.of(TOKEN_REVIEWS, ACCESS_REVIEWS)) {
      refused &=
          Checks.refusesStrangers(
              mesh,
              "POST",
              server + reviews,
              KUBELET,
              GROUPS,
              evidence.putObject(reviews.substring(reviews.lastIndexOf('/') + 1)));
    }
    try (var kubelet = Probe.as(mesh, Nodes.identity(mesh, NODE))) {
      var seen = Checks.seenAs(kubelet, server, KUBELET, GROUPS.getFirst(), evidence);
      return Verdict.of(refused && seen, evidence);
    }
  }

  private static Verdict authorized(Mesh mesh, Wire wire, Account account) throws Exception {
    var check = new RoleCheck();
    var server = Nodes.server(mesh);
    var tokenReview = tokenReview(account.token());
    var accessReview = accessReview(account.user());
    var nobody = mesh.issue(CertificateProfile.client("nobody", List.of(), Duration.ofHours(1)));
    try (var kubelet = Probe.as(mesh, Nodes.identity(mesh, NODE));
        var stranger = Probe.as(mesh, nobody)) {
      check.may("review a token", kubelet.post(server + TOKEN_REVIEWS, tokenReview));
      check.may("review access", kubelet.post(server + ACCESS_REVIEWS, accessReview));
      check.mayNot(
          "review a token, without the role", stranger.post(server + TOKEN_REVIEWS, tokenReview));
      check.mayNot(
          "review access, without the role", stranger.post(server + ACCESS_REVIEWS, accessReview));
    }
    callersAreJudged(mesh, account, check);
    nobodyGetsInUnjudged(mesh, wire, account, check);
    return check.verdict();
  }

  /** Whoever the apiserver doesn't know gets 401 of the kubelet, and who has no rights 403. */
  private static void callersAreJudged(Mesh mesh, Account account, RoleCheck check)
      throws Exception {
    check.may("call the kubelet with rights", ask(mesh, account.token()));
    for (var wrong : account.wrongTokens().entrySet()) {
      var answer = ask(mesh, wrong.getValue());
      check.holds("401 of the kubelet: " + wrong.getKey(), answer.status() == 401);
    }
    var without = new Account(mesh, Checks.canary());
    without.create();
    try {
      check.mayNot("call the kubelet without rights", ask(mesh, without.token()));
    } finally {
      without.delete();
    }
  }

  /** While no review gets through, nobody is let in of whom the kubelet has heard nothing yet. */
  private static void nobodyGetsInUnjudged(Mesh mesh, Wire wire, Account account, RoleCheck check)
      throws Exception {
    var token = account.token();
    var other =
        mesh.issue(
            CertificateProfile.client(
                Checks.canary(), List.of("system:masters"), Duration.ofHours(1)));
    try (var administrator = Probe.as(mesh, other)) {
      Component.await(wire.mode(new Mode.Cut(Mode.Cut.How.REFUSE)));
      var byToken = ask(mesh, token);
      var byCertificate = administrator.get(kubelet(mesh));
      Checks.release(wire);
      check.holds("a token with the wire cut: " + byToken.brief(), byToken.status() == 401);
      check.holds(
          "an administrator with the wire cut: " + byCertificate.brief(),
          byCertificate.status() == 500);
      check.may("the same token with the wire mended", again(() -> ask(mesh, token)));
      check.may(
          "the same administrator with the wire mended",
          again(() -> administrator.get(kubelet(mesh))));
    }
  }

  private static Probe.Answer again(Callable<Probe.Answer> call) throws Exception {
    return Checks.eventually(Checks.PATIENCE, call, answer -> answer.status() == 200);
  }

  private static String tokenReview(String token) {
    ObjectNode review =
        Json.object().put("apiVersion", "authentication.k8s.io/v1").put("kind", "TokenReview");
    review.putObject("spec").put("token", token);
    return review.toString();
  }

  private static String accessReview(String user) {
    ObjectNode review =
        Json.object()
            .put("apiVersion", "authorization.k8s.io/v1")
            .put("kind", "SubjectAccessReview");
    review
        .putObject("spec")
        .put("user", user)
        .putObject("resourceAttributes")
        .put("verb", "get")
        .put("resource", "nodes")
        .put("subresource", "proxy")
        .put("name", NODE);
    return review.toString();
  }
}
