package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.runtime.Component;
import java.util.EnumMap;
import java.util.Map;

/**
 * A kube-proxy asks the apiserver for services, endpoint slices and its node. N4: as a pod of a
 * DaemonSet, with the service account's authority and token from its mount, and the server's URL
 * from ConfigMap {@code kube-proxy}. N5: as a process of its host, with a client certificate.
 */
public final class KubeProxyRoute implements NodeToControlPlane {
  static final String NODE = "node-1";

  /** What a kube-proxy says of itself, on its own machine. */
  private static final String PROXY_MODE = "http://127.0.0.1:10249/proxyMode";

  private final boolean inPod;

  private KubeProxyRoute(boolean inPod) {
    this.inPod = inPod;
  }

  /** N4. */
  public static KubeProxyRoute inPod() {
    return new KubeProxyRoute(true);
  }

  /** N5. */
  public static KubeProxyRoute onHost() {
    return new KubeProxyRoute(false);
  }

  @Override
  public String id() {
    return inPod ? "N4" : "N5";
  }

  @Override
  public String title() {
    return inPod ? "kube-proxy, a pod, to apiserver" : "kube-proxy, on its host, to apiserver";
  }

  /** The other mesh has kube-proxies on hosts. */
  @Override
  public Posture posture() {
    return inPod ? Posture.DEFAULT : Posture.VERIFIED;
  }

  @Override
  public String postureShown() {
    return "default";
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var caller =
        inPod ? new KubeProxyCaller.InPod(mesh, NODE) : new KubeProxyCaller.OnHost(mesh, NODE);
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var wire = mesh.nodesUplink();
    var canary = Checks.canary();
    try {
      verdicts.put(Property.SERVER_VERIFIED, serverVerified(mesh, wire, caller));
      var path = PathWatch.toApiserver(mesh, wire);
      var recording = Checks.tap(wire);
      verdicts.put(Property.REACHABLE, forwards(mesh, canary));
      verdicts.put(Property.PATH, path.openedBy(Nodes.addresses(mesh)));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, canary));
      Checks.release(wire);
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, caller));
      verdicts.put(Property.AUTHORIZED, authorized(mesh, caller));
      return verdicts;
    } finally {
      Checks.release(wire);
    }
  }

  /**
   * It is ended and comes back while new connections meet the interceptor: those of its node are
   * its own, since the kubelet has its one.
   */
  private static Verdict serverVerified(Mesh mesh, Wire wire, KubeProxyCaller caller)
      throws Exception {
    var node = mesh.nodes().get(NODE).advertises();
    // What was reset a moment ago may not have dialled again yet.
    WebhookRoute.awaitReviews(mesh);
    var interceptor = Checks.interceptNew(mesh, wire, new Alteration.None());
    try {
      var came = caller.comesBack();
      var verdict = Checks.serverVerified(interceptor, node);
      verdict.evidence().put("cameBackAs", came);
      return verdict;
    } finally {
      Checks.release(wire);
      Component.await(interceptor.close());
    }
  }

  /** What it has learnt of a new service shows in where that one's virtual address leads. */
  private static Verdict forwards(Mesh mesh, String canary) throws Exception {
    var begun = System.nanoTime();
    var page = Page.serve(mesh, ProxyTarget.SERVICE, false, canary);
    try (var client = Probe.anonymous(mesh.at(NODE))) {
      var service = page.clusterIp();
      var forwarded = PathWatch.across(page.wire());
      var url = "http://%s/page".formatted(service);
      var answer =
          Checks.eventually(Checks.PATIENCE, () -> client.get(url), got -> got.status() == 200);
      var evidence =
          Checks.evidence()
              .put("asked", url)
              .put("answer", answer.brief(canary))
              .put("milliseconds", (System.nanoTime() - begun) / 1_000_000);
      var good = answer.status() == 200 && answer.body().contains(canary);
      if (mesh.isolates()) {
        // The page is on the node that asks: nothing but its packet filter is between.
        var mode = client.get(PROXY_MODE);
        return Verdict.of(good && mode.status() == 200, evidence.put("proxyMode", mode.brief()));
      }
      var by = forwarded.openedBy(Nodes.addresses(mesh));
      evidence.set("forwarded", by.evidence());
      return Verdict.of(good && by instanceof Verdict.Holds, evidence);
    } finally {
      page.close();
    }
  }

  private static Verdict authenticated(Mesh mesh, KubeProxyCaller caller) throws Exception {
    var evidence = Checks.evidence();
    var server = Nodes.server(mesh);
    var refused = caller.strangersAreRefused(server, evidence);
    try (var probe = caller.probe()) {
      var seen = Checks.seenAs(probe, server, caller.user(), caller.group(), evidence);
      return Verdict.of(refused && seen, evidence);
    }
  }

  /** Exactly ClusterRole system:node-proxier, and what every user has. */
  private static Verdict authorized(Mesh mesh, KubeProxyCaller caller) throws Exception {
    var check = new RoleCheck();
    var server = Nodes.server(mesh);
    var api = server + "/api/v1";
    var slices = server + "/apis/discovery.k8s.io/v1/endpointslices";
    try (var probe = caller.probe()) {
      for (var list : new String[] {api + "/services", api + "/endpoints", slices}) {
        var what = list.substring(list.lastIndexOf('/') + 1);
        check.may("list " + what, probe.get(list));
        check.may("watch " + what, probe.open(list + "?watch=true&resourceVersion=0"));
      }
      check.may("list nodes", probe.get(api + "/nodes"));
      check.may("read its node", probe.get(api + "/nodes/" + NODE));
      check.may("record an event", probe.post(api + "/namespaces/default/events", event()));
      var secret = probe.get(api + "/namespaces/kube-system/secrets/any");
      check.mayNot("read a secret", secret);
      check.mayNot("list secrets", probe.get(api + "/secrets"));
      check.mayNot(
          "read a service alone", probe.get(api + "/namespaces/default/services/kubernetes"));
      check.mayNot("list pods", probe.get(api + "/pods"));
      check.mayNot("list config maps", probe.get(api + "/configmaps"));
      check.mayNot(
          "write a service",
          probe.patch(api + "/namespaces/default/services/kubernetes", "{\"metadata\":{}}"));
      check.mayNot("write its node", probe.patch(api + "/nodes/" + NODE, "{\"metadata\":{}}"));
      check.mayNot(
          "delete endpoint slices",
          probe.delete(slices.replace("/v1/", "/v1/namespaces/default/")));
      check.mayNot("reach a kubelet", probe.get(api + "/nodes/" + NODE + "/proxy/metrics"));
      check.mayNot(
          "make tokens",
          probe.post(api + "/namespaces/kube-system/serviceaccounts/kube-proxy/token", "{}"));
      var verdict = check.verdict();
      Checks.inShort(verdict.evidence(), "it tried to read a secret: " + told(secret));
      return verdict;
    }
  }

  /** A status and its message. */
  private static String told(Probe.Answer answer) {
    try {
      return answer.status()
          + " "
          + Json.parse(answer.body().getBytes(UTF_8)).path("message").asText();
    } catch (RuntimeException notAStatus) {
      return answer.brief();
    }
  }

  private static String event() {
    return """
    {"apiVersion":"v1","kind":"Event","metadata":{"generateName":"audit-","namespace":"default"},
     "involvedObject":{"kind":"Node","name":"%s"},
     "reason":"Audit","message":"sent by the route audit","type":"Normal"}"""
        .formatted(NODE);
  }

  /** Notes what an answer was. */
  static boolean unauthenticated(Probe.Answer answer, String which, ObjectNode evidence) {
    evidence.put(which, answer.brief());
    return Checks.unauthenticated(answer);
  }
}
