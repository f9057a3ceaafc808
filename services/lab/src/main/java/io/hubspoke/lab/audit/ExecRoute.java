package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.lab.Egress;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Meshes;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.StreamTransport;
import io.hubspoke.streams.TerminalSize;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.List;

/**
 * C2 and C2v: the apiserver has a kubelet run a command in a pod, or joins a pod's own process, and
 * passes the streams on to the caller. Each is measured over SPDY and over WebSocket.
 */
public final class ExecRoute extends KubeletRoute {
  private static final int EXIT_CODE = 7;

  /** Sizes have a stream of their own, so that the command can't know how many came before it. */
  private static final String UNTIL_RESIZED =
      "until [ \"$(stty size)\" = '43 132' ]; do sleep 0.02; done; echo resized";

  /** Measures under a posture: default (C2) or verified (C2v). */
  public ExecRoute(Posture posture) {
    this(new Meshes.Kind(posture, Egress.DIRECT));
  }

  /** Measures on a mesh of any kind. */
  public ExecRoute(Meshes.Kind kind) {
    super("C2", "apiserver to kubelet: attach and exec", kind);
  }

  @Override
  List<String> deploy(Workload workload, String canary) throws Exception {
    workload.ticker(canary, NODE, canary, List.of("--message=" + canary, "--interval=100ms"));
    return List.of(canary);
  }

  @Override
  Direct direct(String pod) {
    return new Direct(
        "POST",
        "/exec/%s/%s/%s".formatted(Workload.NAMESPACE, pod, Workload.container()),
        "?command=true&output=1");
  }

  private static String url(Mesh mesh, String pod, String what, RemoteCommand streams) {
    return "%s/%s&stdin=%s&stdout=%s&stderr=%s&tty=%s"
        .formatted(
            Workload.url(mesh, pod),
            what,
            streams.stdin(),
            streams.stdout(),
            streams.stderr(),
            streams.tty());
  }

  private static String exec(Mesh mesh, String pod, RemoteCommand streams, String... command) {
    var words = new ArrayList<String>();
    for (var word : command) {
      words.add("command=" + URLEncoder.encode(word, UTF_8));
    }
    return url(mesh, pod, "exec?" + String.join("&", words), streams);
  }

  @Override
  Verdict reachable(Mesh mesh, Probe admin, List<String> pods) throws Exception {
    var evidence = Checks.evidence();
    var good = true;
    for (var transport : StreamTransport.values()) {
      try (var caller = new StreamsCaller(mesh.vertx(), mesh.adminIdentity(), transport)) {
        good &= works(mesh, caller, pods.getFirst(), evidence.putObject(transport.name()));
      }
    }
    return Verdict.of(good, evidence);
  }

  private static boolean works(Mesh mesh, StreamsCaller caller, String pod, ObjectNode evidence)
      throws Exception {
    var input = new RemoteCommand(true, true, false, false);
    var cat = caller.run(exec(mesh, pod, input, "cat"), input, "typed " + pod);
    evidence.put("exec cat", cat.brief());
    var outputs = new RemoteCommand(false, true, true, false);
    var both =
        caller.run(
            exec(
                mesh,
                pod,
                outputs,
                "sh",
                "-c",
                "echo out-%s; echo err-%s >&2; exit %d".formatted(pod, pod, EXIT_CODE)),
            outputs,
            "");
    evidence.put("exec sh", both.brief());
    var terminal = new RemoteCommand(true, true, false, true);
    var sized =
        caller.run(
            exec(mesh, pod, terminal, "sh", "-c", UNTIL_RESIZED),
            terminal,
            "",
            new TerminalSize(80, 24),
            new TerminalSize(132, 43));
    evidence.put("exec stty with a terminal that becomes 132 by 43", sized.brief());
    var watching = new RemoteCommand(false, true, false, false);
    var attached = caller.sees(url(mesh, pod, "attach?", watching), watching, pod + " ");
    evidence.put("attach", attached ? "saw the process's own output" : "saw nothing of it");
    return cat.code() == 0
        && cat.stdout().equals("typed " + pod)
        && both.code() == EXIT_CODE
        && both.stdout().equals("out-" + pod + "\n")
        && both.stderr().equals("err-" + pod + "\n")
        && sized.code() == 0
        && sized.stdout().strip().equals("resized")
        && attached;
  }

  @Override
  List<Deception> deceptions(Mesh mesh, Probe admin, String pod, String forged) throws Exception {
    return StreamDeception.overEach(
        mesh,
        forged,
        (caller, transport) -> {
          var streams = new RemoteCommand(true, true, false, false);
          // Types the canary into a command, whose output should be just that.
          var ran = caller.run(exec(mesh, pod, streams, "cat"), streams, "typed " + pod);
          return new Deception.Received(
              "exec of 'cat' over " + transport + ": " + ran.brief(),
              ran.stdout().equals(forged + "\n"),
              ran.failed());
        });
  }
}
