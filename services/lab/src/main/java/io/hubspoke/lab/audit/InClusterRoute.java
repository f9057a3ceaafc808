package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.lab.wire.Crossing;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.runtime.Component;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/**
 * N3: a pod asks the apiserver by service {@code kubernetes}: its virtual address, which the node's
 * kube-proxy leads to the apiserver, with the authority and the token that were put into the pod
 * ("Nodes to Control Plane"). Who asks is a program in the pod, from the pod's own address.
 */
public final class InClusterRoute implements NodeToControlPlane {
  private static final String NODE = "node-1";
  private static final String SECRETS = Resource.SECRETS.collectionPath(Workload.NAMESPACE);

  @Override
  public String id() {
    return "N3";
  }

  @Override
  public String title() {
    return "pod to service kubernetes";
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var canary = Checks.canary();
    var account = new Account(mesh, canary);
    var map = new ReadableMap(mesh, canary);
    account.create();
    map.create();
    try {
      var pod = ApiClientPod.start(mesh, NODE, account, canary, map.path(), SECRETS);
      return measure(mesh, account, map, pod);
    } finally {
      Checks.release(mesh.nodesUplink());
      new Workload(mesh).delete(canary);
      map.delete();
      account.delete();
    }
  }

  private static Map<Property, Verdict> measure(
      Mesh mesh, Account account, ReadableMap map, ApiClientPod pod) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var wire = mesh.nodesUplink();
    var path = PathWatch.toApiserver(mesh, wire);
    var recording = Checks.tap(wire);
    var reachable = reachable(mesh, map, pod, wire);
    verdicts.put(Property.REACHABLE, reachable);
    if (reachable instanceof Verdict.Absent) {
      // Each of the rest would wait as long for what doesn't come.
      return verdicts;
    }
    verdicts.put(Property.PATH, path.openedBy(Nodes.addresses(mesh)));
    verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, map.name()));
    verdicts.put(Property.SERVER_VERIFIED, serverVerified(mesh, map, pod, wire));
    verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, account, pod));
    verdicts.put(Property.AUTHORIZED, authorized(mesh, map, pod));
    return verdicts;
  }

  private static String service(Mesh mesh) {
    return "https://%s:443".formatted(mesh.addresses().kubernetesService());
  }

  /** The pod reads, and its node is who opens connections to the apiserver meanwhile. */
  private static Verdict reachable(Mesh mesh, ReadableMap map, ApiClientPod pod, Wire wire)
      throws Exception {
    var before = opened(wire);
    var answer = pod.until(ApiClientPod.get(map.path()), 200);
    // The kubelet keeps its one connection; whatever more the node opens is the pod's.
    var again = pod.next(ApiClientPod.get(map.path()));
    var after = opened(wire);
    var node = mesh.nodes().get(NODE).advertises();
    var forwarded = after.getOrDefault(node, 0) - before.getOrDefault(node, 0);
    var evidence =
        Checks.evidence()
            .put("asked", service(mesh) + map.path())
            .put("podIP", pod.ip())
            .put("canaryRead", canary(answer).equals(map.name()))
            .put("forwardedBy", "kube-proxy of " + NODE + ", " + node)
            .put("connectionsOpenedByIt", forwarded)
            .put("connectionsOpenedByThePodItself", after.getOrDefault(pod.ip(), 0));
    return Verdict.of(
        canary(answer).equals(map.name())
            && canary(again).equals(map.name())
            && forwarded >= 2
            && !after.containsKey(pod.ip()),
        evidence);
  }

  private static String canary(JsonNode answer) {
    return answer.path("status").asInt() == 200
        ? Json.parse(answer.path("body").asText().getBytes(UTF_8)).at("/data/canary").asText()
        : "";
  }

  private static Map<String, Integer> opened(Wire wire) throws Exception {
    var count = new HashMap<String, Integer>();
    for (Crossing crossing : Component.await(wire.crossings())) {
      count.merge(crossing.from(), 1, Integer::sum);
    }
    return count;
  }

  /** New connections alone meet the interceptor: the pod's, since the kubelet has its one. */
  private static Verdict serverVerified(Mesh mesh, ReadableMap map, ApiClientPod pod, Wire wire)
      throws Exception {
    var forged = Checks.canary();
    var interceptor =
        Checks.interceptNew(
            mesh, wire, new Alteration.Answer("{\"data\":{\"canary\":\"" + forged + "\"}}"));
    try {
      var answer = pod.next(ApiClientPod.get(map.path()));
      var seen = Checks.serverVerifiedByNow(interceptor, mesh.nodes().get(NODE).advertises());
      return Deception.judge(
          seen,
          new Deception.Received(
              ApiClientPod.brief(answer),
              answer.path("body").asText().contains(forged),
              // Nothing but the interceptor ends a handshake here.
              answer.path("status").asInt() == 0),
          Deception.firstLine(interceptor));
    } finally {
      Checks.release(wire);
      Component.await(interceptor.close());
    }
  }

  /** The pod is who its token says; strangers who find the virtual address are nobody. */
  private static Verdict authenticated(Mesh mesh, Account account, ApiClientPod pod)
      throws Exception {
    var evidence = Checks.evidence();
    var refused = refused(mesh, "noCredentials", null, evidence);
    for (var wrong : account.wrongTokens().entrySet()) {
      refused &= refused(mesh, wrong.getKey(), wrong.getValue(), evidence);
    }
    var answer = pod.until(ApiClientPod.WHOAMI, 200);
    var info = user(answer.path("body").asText());
    evidence.set("podSeenAs", info);
    return Verdict.of(
        refused
            && info.path("username").asText().equals(account.user())
            && info.path("groups").toString().contains("\"system:serviceaccounts\"")
            && info.path("extra")
                .path("authentication.kubernetes.io/pod-name")
                .path(0)
                .asText()
                .equals(pod.name()),
        evidence);
  }

  private static JsonNode user(String review) {
    return review.isEmpty()
        ? Checks.evidence()
        : Json.parse(review.getBytes(UTF_8)).at("/status/userInfo");
  }

  private static boolean refused(Mesh mesh, String which, String token, ObjectNode evidence)
      throws InterruptedException {
    var node = mesh.at(NODE);
    try (var probe = token == null ? Probe.anonymous(node) : Probe.withToken(token, node)) {
      var answer = probe.get(service(mesh) + "/version");
      evidence.put(which, answer.brief());
      return Checks.unauthenticated(answer);
    }
  }

  /** What the account may, it may; and its token ends with the pod that it is bound to. */
  private static Verdict authorized(Mesh mesh, ReadableMap map, ApiClientPod pod) throws Exception {
    var check = new RoleCheck();
    check.may("read its own config map", answer(pod.until(ApiClientPod.get(map.path()), 200)));
    check.mayNot("list secrets", answer(pod.next(ApiClientPod.get(SECRETS))));
    var token = pod.files().token();
    try (var thief = Probe.withToken(token, mesh.at(NODE))) {
      check.may("the pod's token in other hands", thief.get(service(mesh) + map.path()));
      var gone = System.nanoTime();
      Component.await(
          mesh.admin()
              .delete(Resource.PODS, Workload.NAMESPACE, pod.name(), DeleteOptions.DEFAULT));
      var after =
          Checks.eventually(
              Checks.PATIENCE,
              () -> thief.get(service(mesh) + map.path()),
              answer -> answer.status() == 401);
      var millis = (System.nanoTime() - gone) / 1_000_000;
      check.holds(
          "401 with the token of the deleted pod, after %d ms: %s".formatted(millis, after.brief()),
          after.status() == 401);
    }
    return check.verdict();
  }

  private static Probe.Answer answer(JsonNode line) {
    return new Probe.Answer(
        line.path("status").asInt(), line.path("failed").asText(line.path("body").asText()));
  }
}
