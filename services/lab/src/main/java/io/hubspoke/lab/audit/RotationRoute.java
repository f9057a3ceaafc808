package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * N10: certificates are renewed before they end, and no request fails meanwhile ("Certificate
 * Rotation"). A node joins with a certificate that lives for seconds; while it is renewed, so are
 * the apiserver's own and the one that it shows to kubelets, and requests go both ways.
 */
public final class RotationRoute implements NodeToControlPlane {
  private static final Duration LIFE = Duration.ofSeconds(7);

  /** A process takes a while to start, and so does everything on a machine that is busy. */
  private static final Duration LONGER_LIFE = Duration.ofSeconds(15);

  private static final Duration LONGEST_LIFE = Duration.ofSeconds(40);

  /** In a deployment a pod starts first, which runs the node. */
  private static final Duration DEPLOYED_LIFE = Duration.ofMinutes(2);

  private static final Duration LONGEST_DEPLOYED_LIFE = Duration.ofMinutes(4);

  /** A kubelet looks at Secrets that it has mounted once a minute, or more seldom. */
  private static final Duration TAKEN_OVER = Duration.ofMinutes(4);

  /** A kubelet renews four times in this time. */
  private static final Duration LEASE = Duration.ofSeconds(1);

  /** Nobody would take a node for lost that is silent for so long. */
  private static final Duration LONGEST_SILENCE = Duration.ofSeconds(3);

  /** As long as between two signs of life of nodes that nobody told to be seen more often. */
  private static final Duration LONGEST_DEPLOYED_SILENCE = Duration.ofSeconds(10);

  private static final Duration AFTER_THE_END = Duration.ofMillis(800);

  /** Where the apiserver notices whether the kubelet's certificate has been renewed. */
  @Override
  public Posture posture() {
    return Posture.VERIFIED;
  }

  @Override
  public String id() {
    return "N10";
  }

  @Override
  public String title() {
    return "certificates rotate under load";
  }

  @Override
  public Map<Property, Boolean> expectation() {
    return Map.of(Property.REACHABLE, true, Property.CLIENT_AUTHENTICATED, true);
  }

  @Override
  public Map<Property, String> notApplicable() {
    var why = "measured in N2 on the same way";
    return Map.of(
        Property.ENCRYPTED, why,
        Property.SERVER_VERIFIED, why,
        Property.AUTHORIZED, why,
        Property.PATH, why);
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var life = mesh.deployed() ? DEPLOYED_LIFE : mesh.isolates() ? LONGER_LIFE : LIFE;
    var end = Instant.now().plus(life);
    try {
      return measure(mesh, end);
    } catch (NotBegun tooBusy) {
      if (Instant.now().isBefore(end)) {
        throw tooBusy;
      }
      // A node whose certificate ends before it could renew it is out for good.
      return measure(
          mesh, Instant.now().plus(mesh.deployed() ? LONGEST_DEPLOYED_LIFE : LONGEST_LIFE));
    }
  }

  /** Nothing is there that requests could be sent to. */
  private static final class NotBegun extends IOException {
    private static final long serialVersionUID = 1L;

    NotBegun(IOException why) {
      super(why.getMessage(), why);
    }
  }

  private static RotationPod start(Mesh mesh, String node, String canary) throws Exception {
    try {
      // Where nodes are pods the node has no kube-proxy, which leads to the apiserver.
      return RotationPod.start(mesh, node, canary, !mesh.deployed());
    } catch (IOException e) {
      throw new NotBegun(e);
    }
  }

  /** Measures with a node whose first certificate ends then. */
  private static Map<Property, Verdict> measure(Mesh mesh, Instant end) throws Exception {
    var canary = Checks.canary();
    var node = "node-" + canary;
    RotationPod pod = null;
    var first =
        mesh.issue(
            NodeRole.nodeProfile(node)
                .valid(Instant.now().minus(CertificateProfile.BACKDATE), end));
    var unauthenticated = unauthenticated(mesh);
    Component.await(mesh.addNode(node, mesh.nodes().size() + 1, first, RotationRoute::oftenSeen));
    try {
      pod = start(mesh, node, canary);
      var verdicts = new EnumMap<Property, Verdict>(Property.class);
      verdicts.put(Property.REACHABLE, reachable(pod, first, unauthenticated));
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, node, first));
      return verdicts;
    } finally {
      if (pod != null) {
        pod.delete();
      }
      mesh.removeNode(node);
      Component.await(
          mesh.admin()
              .delete(Resource.LEASES, "kube-node-lease", node, DeleteOptions.DEFAULT)
              .<Void>mapEmpty()
              .otherwiseEmpty());
    }
  }

  private static KubeletOptions.Builder oftenSeen(KubeletOptions.Builder kubelet) {
    return kubelet.nodeLeaseDuration(LEASE);
  }

  /** Renews what others hold until the node's first certificate has ended, and counts. */
  private static Verdict reachable(RotationPod pod, Identity first, long unauthenticated)
      throws Exception {
    var mesh = pod.mesh();
    var evidence = Checks.evidence();
    var end = first.certificate().getNotAfter().toInstant().plus(AFTER_THE_END);
    var serving = RotationLoad.served(mesh);
    var kubeletClient = mesh.kubeletClientCertificate();
    try (var load = new RotationLoad(pod)) {
      load.start();
      for (var i = 0; i < 2; i++) {
        TimeUnit.MILLISECONDS.sleep(700);
        mesh.renewServing();
        TimeUnit.MILLISECONDS.sleep(700);
        mesh.renewKubeletClient();
      }
      while (Instant.now().isBefore(end)) {
        TimeUnit.MILLISECONDS.sleep(50);
      }
      awaitTakenOver(mesh, serving);
      load.stop();
      load.describe(evidence);
      var refused = unauthenticated(mesh) - unauthenticated;
      evidence.put("requestsThatTheApiserverKnewNobodyFor", refused);
      var renewed = current(mesh, pod.node());
      var rotated =
          List.of(
              rotated(evidence, "nodesCertificate", first.certificate(), renewed),
              rotated(evidence, "apiserversCertificate", serving, load.lastServed()),
              rotated(
                  evidence,
                  "apiserversCertificateForKubelets",
                  kubeletClient,
                  mesh.kubeletClientCertificate()));
      Checks.inShort(
          evidence,
          "%d requests while certificates rotated, %d failed"
              .formatted(load.requests(), load.failures() + refused));
      return Verdict.of(
          !rotated.contains(false)
              && refused == 0
              && load.failures() == 0
              && load.requests() > 0
              && load.longestSilence()
                      .compareTo(mesh.deployed() ? LONGEST_DEPLOYED_SILENCE : LONGEST_SILENCE)
                  < 0,
          evidence);
    }
  }

  /** What is put into a Secret is an apiserver's only when its pod's kubelet has seen it. */
  private static void awaitTakenOver(Mesh mesh, X509Certificate before) throws Exception {
    if (!mesh.deployed()) {
      return;
    }
    var limit = Instant.now().plus(TAKEN_OVER);
    while (Instant.now().isBefore(limit) && RotationLoad.served(mesh).equals(before)) {
      TimeUnit.SECONDS.sleep(1);
    }
    // Requests go on with what is new.
    TimeUnit.SECONDS.sleep(2);
  }

  private static boolean rotated(
      ObjectNode evidence, String which, X509Certificate before, X509Certificate after) {
    evidence
        .putObject(which)
        .put("serialBefore", serial(before))
        .put("serialAfter", after == null ? "none" : serial(after));
    return after != null && !after.getSerialNumber().equals(before.getSerialNumber());
  }

  private static String serial(X509Certificate certificate) {
    return certificate.getSerialNumber().toString(16);
  }

  /** What the kubelet got in place of its first certificate; null for nothing. */
  private static X509Certificate current(Mesh mesh, String node) throws Exception {
    if (mesh.deployed()) {
      return issued(mesh, node);
    }
    var file = kept(mesh, node);
    return Files.exists(file) ? Identity.read(file, file).certificate() : null;
  }

  /** Where nodes keep their files to themselves, the request tells; null for nothing. */
  private static X509Certificate issued(Mesh mesh, String node) throws Exception {
    var request = new Requests(mesh).of("system:node:" + node, Requests.Signer.KUBELET_CLIENT);
    if (request.filter(Requests::isSigned).isEmpty()) {
      return null;
    }
    var pem = Base64.getDecoder().decode(request.get().at("/status/certificate").asText());
    return Pem.parseCertificates(new String(pem, UTF_8)).getFirst();
  }

  private static Path kept(Mesh mesh, String node) {
    return mesh.nodeDirectory(node).resolve("pki").resolve("kubelet-client-current.pem");
  }

  /** How many requests the apiserver has answered with 401 so far. */
  static long unauthenticated(Mesh mesh) throws Exception {
    return Component.await(mesh.admin().raw("/metrics"))
        .toString()
        .lines()
        .filter(line -> line.startsWith("apiserver_request_total{"))
        .filter(line -> line.contains("code=\"401\""))
        .mapToLong(line -> (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** The first certificate has ended, and counts for nothing; the one after it counts. */
  private static Verdict authenticated(Mesh mesh, String node, Identity first) throws Exception {
    var evidence = Checks.evidence();
    var server = Nodes.server(mesh);
    var file = kept(mesh, node);
    try (var old = Probe.as(mesh, first)) {
      var answer = old.get(server + "/api/v1/nodes/" + node);
      evidence.put("withTheFirstCertificate", answer.brief());
      if (mesh.deployed()) {
        // Nobody else may renew that lease, and the kubelet has nothing else left to do so with.
        var end = first.certificate().getNotAfter().toInstant();
        var renewed =
            Checks.eventually(
                Checks.PATIENCE, () -> renewed(mesh, node, end), Boolean::booleanValue);
        evidence.put("leaseRenewedAfterItsEnd", renewed);
        return Verdict.of(Checks.unauthenticated(answer) && renewed, evidence);
      }
      if (!Files.exists(file)) {
        return Verdict.of(false, evidence);
      }
      try (var renewed = Probe.as(mesh, Identity.read(file, file))) {
        var seen = Checks.seenAs(renewed, server, "system:node:" + node, "system:nodes", evidence);
        return Verdict.of(Checks.unauthenticated(answer) && seen, evidence);
      }
    }
  }

  private static boolean renewed(Mesh mesh, String node, Instant after) throws Exception {
    var lease = mesh.admin().get(Resource.LEASES.tree(), "kube-node-lease", node);
    return Instant.parse(Component.await(lease).at("/spec/renewTime").asText()).isAfter(after);
  }
}
