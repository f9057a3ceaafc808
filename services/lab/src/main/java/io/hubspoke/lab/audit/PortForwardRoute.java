package io.hubspoke.lab.audit;

import io.hubspoke.lab.Egress;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Meshes;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.StreamTransport;
import java.util.ArrayList;
import java.util.List;

/**
 * C3 and C3v: the apiserver has a kubelet connect to a pod's port and passes the bytes on to the
 * caller, over SPDY and over WebSocket.
 */
public final class PortForwardRoute extends KubeletRoute {
  private static final int PORT = 8080;
  private static final int AT_ONCE = 3;

  /** Measures under a posture: default (C3) or verified (C3v). */
  public PortForwardRoute(Posture posture) {
    this(new Meshes.Kind(posture, Egress.DIRECT));
  }

  /** Measures on a mesh of any kind. */
  public PortForwardRoute(Meshes.Kind kind) {
    super("C3", "apiserver to kubelet: port-forward", kind);
  }

  @Override
  List<String> deploy(Workload workload, String canary) throws Exception {
    var pod = Workload.describe(canary, "hubspoke/echo", List.of("--port=" + PORT));
    pod.withObject("/spec").put("nodeName", NODE);
    workload.create(pod);
    return List.of(canary);
  }

  @Override
  Direct direct(String pod) {
    return new Direct(
        "POST", "/portForward/%s/%s".formatted(Workload.NAMESPACE, pod), "?port=" + PORT);
  }

  private static String url(Mesh mesh, String pod) {
    return Workload.url(mesh, pod) + "/portforward?ports=" + PORT;
  }

  private static String request(String path) {
    return "GET /%s HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n".formatted(path);
  }

  private static String firstLines(String answer) {
    var lines = answer.strip().lines().toList();
    return lines.isEmpty() ? "nothing" : lines.getFirst() + " ... " + lines.getLast();
  }

  @Override
  Verdict reachable(Mesh mesh, Probe admin, List<String> pods) throws Exception {
    var evidence = Checks.evidence();
    var pod = pods.getFirst();
    var requests = new ArrayList<String>();
    for (var n = 1; n <= AT_ONCE; n++) {
      requests.add(request("connection-" + n));
    }
    var good = true;
    for (var transport : StreamTransport.values()) {
      try (var caller = new StreamsCaller(mesh.vertx(), mesh.adminIdentity(), transport)) {
        // The pod runs, and may listen a moment later.
        var answers =
            Checks.eventually(
                Checks.PATIENCE,
                () -> caller.exchange(url(mesh, pod), PORT, requests),
                got -> got.stream().allMatch(answer -> answer.startsWith("HTTP/1.1 200")));
        var seen = evidence.putArray(transport.name());
        answers.forEach(answer -> seen.add(firstLines(answer)));
        good &= answers.size() == AT_ONCE;
        for (var n = 1; n <= answers.size(); n++) {
          good &=
              answers.get(n - 1).contains(pod)
                  && answers.get(n - 1).contains("\"/connection-" + n + "\"");
        }
      }
    }
    return Verdict.of(good, evidence);
  }

  @Override
  List<Deception> deceptions(Mesh mesh, Probe admin, String pod, String forged) throws Exception {
    return StreamDeception.overEach(
        mesh, forged, (caller, transport) -> asking(mesh, caller, transport, pod, forged));
  }

  /** Asks the pod for a page, whose path is the pod's name. */
  private static Deception.Received asking(
      Mesh mesh, StreamsCaller caller, StreamTransport transport, String pod, String forged)
      throws InterruptedException {
    var over = "over " + transport + ": ";
    try {
      var answer = caller.exchange(url(mesh, pod), PORT, List.of(request(pod))).getFirst();
      return new Deception.Received(
          over + firstLines(answer), answer.equals(forged), answer.startsWith("failed: "));
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      return new Deception.Received(over + Component.reason(e), false, true);
    }
  }
}
