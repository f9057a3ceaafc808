package io.hubspoke.lab.audit;

import io.hubspoke.lab.Egress;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Meshes;
import io.hubspoke.lab.wire.Alteration;
import java.util.List;

/**
 * C4k and C4kv: the apiserver's proxy to a node's kubelet, with a port or without, is the
 * connection that logs take: with the apiserver's client certificate, and verified where those are.
 */
public final class NodeProxyRoute extends KubeletRoute {

  /** Measures under a posture: default (C4k) or verified (C4kv). */
  public NodeProxyRoute(Posture posture) {
    this(new Meshes.Kind(posture, Egress.DIRECT));
  }

  /** Measures on a mesh of any kind. */
  public NodeProxyRoute(Meshes.Kind kind) {
    super("C4k", "apiserver proxy to a node's kubelet", kind);
  }

  @Override
  List<String> deploy(Workload workload, String canary) throws Exception {
    workload.ticker(canary, NODE, canary, List.of("--message=" + canary, "--interval=100ms"));
    return List.of(canary);
  }

  @Override
  Direct direct(String pod) {
    return new Direct(
        "GET",
        "/containerLogs/%s/%s/%s".formatted(Workload.NAMESPACE, pod, Workload.container()),
        "");
  }

  private String url(Mesh mesh, String node, String pod) {
    return "%s/api/v1/nodes/%s/proxy%s"
        .formatted(mesh.addresses().apiserverUrl(), node, direct(pod).path());
  }

  @Override
  Verdict reachable(Mesh mesh, Probe admin, List<String> pods) throws Exception {
    var evidence = Checks.evidence();
    var pod = pods.getFirst();
    var good = true;
    for (var node : List.of(NODE, NODE + ":10250", "https:" + NODE + ":10250")) {
      var answer =
          Checks.eventually(
              Checks.PATIENCE,
              () -> admin.get(url(mesh, node, pod)),
              got -> got.status() == 200 && got.body().startsWith(pod + " 1\n"));
      evidence.put(node, answer.brief());
      good &= answer.status() == 200 && answer.body().startsWith(pod + " 1\n");
    }
    return Verdict.of(good, evidence);
  }

  @Override
  List<Deception> deceptions(Mesh mesh, Probe admin, String pod, String forged) {
    return List.of(
        new Deception() {
          @Override
          public Alteration alteration() {
            return new Alteration.Answer(forged + "\n");
          }

          @Override
          public Received call() throws InterruptedException {
            var answer = admin.get(url(mesh, NODE, pod));
            return new Received(
                answer.brief(), answer.body().equals(forged + "\n"), answer.status() >= 500);
          }
        });
  }
}
