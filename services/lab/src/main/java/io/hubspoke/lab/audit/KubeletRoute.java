package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.lab.Egress;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Meshes;
import io.hubspoke.pki.CertificateProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The apiserver asks something of a kubelet for a caller ("apiserver to kubelet"). What it asks is
 * each route's own; how the two know each other is measured here.
 *
 * <p>The kubelet turns the interceptor itself away, since that has no key of the apiserver's. So
 * the interceptor alters what the caller gets by answering in the kubelet's place.
 */
abstract class KubeletRoute implements Route {
  static final String NODE = "node-1";
  private static final String USER = "kube-apiserver-kubelet-client";
  private static final List<String> GROUPS = List.of("kubeadm:cluster-admins");

  private final String id;
  private final String title;
  private final Meshes.Kind kind;

  KubeletRoute(String id, String title, Meshes.Kind kind) {
    this.id = kind.posture() == Posture.VERIFIED ? id + "v" : id;
    this.title = title;
    this.kind = kind;
  }

  @Override
  public final String id() {
    return id;
  }

  @Override
  public final String title() {
    return title;
  }

  @Override
  public final Posture posture() {
    return kind.posture();
  }

  @Override
  public final Meshes.Kind mesh() {
    return kind;
  }

  @Override
  public final String egress() {
    return kind.egress().toString();
  }

  @Override
  public final Map<Property, Boolean> expectation() {
    return Map.of(
        Property.REACHABLE, true,
        Property.ENCRYPTED, true,
        Property.SERVER_VERIFIED, verified() || kind.egress() != Egress.DIRECT,
        Property.CLIENT_AUTHENTICATED, true,
        Property.AUTHORIZED, true,
        Property.PATH, true);
  }

  private boolean verified() {
    return kind.posture() == Posture.VERIFIED;
  }

  /** Makes the pods that the request is about; the first of them bears the canary as its name. */
  abstract List<String> deploy(Workload workload, String canary) throws Exception;

  /** Sends everything that the route exists for, the canary among it. */
  abstract Verdict reachable(Mesh mesh, Probe admin, List<String> pods) throws Exception;

  /** Returns the request to the kubelet itself: method, and URL from its path on. */
  abstract Direct direct(String pod);

  /** Tries the caller once in each way that the request can be sent. */
  abstract List<Deception> deceptions(Mesh mesh, Probe admin, String pod, String forged)
      throws Exception;

  /** A request that a stranger sends to the kubelet, past the apiserver. */
  record Direct(String method, String path, String query) {}

  @Override
  public final Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var workload = new Workload(mesh);
    var canary = Checks.canary();
    var way = Way.to(mesh, mesh.nodes().get(NODE).wire(), false);
    List<String> pods = new ArrayList<>();
    try (var admin = Probe.as(mesh, mesh.adminIdentity())) {
      pods.addAll(deploy(workload, canary));
      workload.runs(canary);
      var recording = way.tap();
      verdicts.put(Property.REACHABLE, reachable(mesh, admin, pods));
      verdicts.put(Property.ENCRYPTED, way.encrypted(recording, canary));
      verdicts.put(Property.PATH, way.path());
      way.release();
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, canary));
      verdicts.put(Property.AUTHORIZED, authorized(mesh, canary));
      verdicts.put(
          Property.SERVER_VERIFIED,
          way.serverVerified(deceptions(mesh, admin, canary, Checks.canary()), verified()));
      return verdicts;
    } finally {
      way.end();
      for (var pod : pods) {
        workload.delete(pod);
      }
    }
  }

  /** A URL of the kubelet as others on its network reach it. */
  private String url(Mesh mesh, String pod) {
    var node = mesh.nodes().get(NODE);
    var direct = direct(pod);
    return "https://%s:%d%s%s"
        .formatted(node.advertises(), node.port(), direct.path(), direct.query());
  }

  private Verdict authenticated(Mesh mesh, String pod) throws Exception {
    var evidence = Checks.evidence();
    var direct = direct(pod);
    var refused =
        Checks.refusesStrangers(mesh, direct.method(), url(mesh, pod), USER, GROUPS, evidence);
    var accepted =
        mesh.accesses(NODE).stream()
            .filter(access -> access.path().startsWith(direct.path()) && access.code() < 300)
            .toList();
    accepted.stream()
        .findFirst()
        .ifPresent(
            access ->
                evidence
                    .put("kubeletSaw", access.user())
                    .put("groups", access.groups().toString())
                    .put("from", access.remoteAddress()));
    var seen =
        !accepted.isEmpty()
            && accepted.stream()
                .allMatch(
                    access -> access.user().equals(USER) && access.groups().containsAll(GROUPS));
    return Verdict.of(refused && seen, evidence);
  }

  private Verdict authorized(Mesh mesh, String pod) throws Exception {
    var evidence = Checks.evidence();
    // What verification rests on: no node gets a serving certificate with another's name.
    var confined = !verified() || namesAreConfined(mesh, evidence);
    var nobody = mesh.issue(CertificateProfile.client("nobody", List.of(), Duration.ofHours(1)));
    var direct = direct(pod);
    try (var stranger = Probe.as(mesh, nobody)) {
      var answer = stranger.send(direct.method(), url(mesh, pod));
      var apiservers =
          mesh.accesses(NODE).stream()
              .filter(access -> access.path().startsWith(direct.path()))
              .filter(access -> access.user().equals(USER) && access.code() < 300)
              .count();
      return Verdict.of(
          answer.status() == 403 && apiservers > 0 && confined,
          evidence
              .put("userWithoutRights", answer.brief())
              .put("requestsOfApiserverAllowed", apiservers));
    }
  }

  private static boolean namesAreConfined(Mesh mesh, ObjectNode evidence) throws Exception {
    return NodeNames.refused(mesh, NODE, Requests.Signer.KUBELET_SERVING, evidence);
  }
}
