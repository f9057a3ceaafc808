package io.hubspoke.lab.audit;

import io.hubspoke.lab.Egress;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.Meshes;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/** C1 and C1v: the apiserver fetches a container's log from a kubelet. */
public final class LogsRoute extends KubeletRoute {
  private static final int FOLLOWED = 6;
  private static final Pattern TIMESTAMP =
      Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d+Z .*");

  /** Measures under a posture: default (C1) or verified (C1v). */
  public LogsRoute(Posture posture) {
    this(new Meshes.Kind(posture, Egress.DIRECT));
  }

  /** Measures on a mesh of any kind. */
  public LogsRoute(Meshes.Kind kind) {
    super("C1", "apiserver to kubelet: logs", kind);
  }

  @Override
  List<String> deploy(Workload workload, String canary) throws Exception {
    var crashing = Checks.canary();
    workload.ticker(canary, NODE, canary, List.of("--message=" + canary, "--interval=100ms"));
    workload.ticker(
        crashing,
        NODE,
        crashing,
        List.of("--message=" + crashing, "--count=2", "--interval=10ms", "--exit-code=1"));
    return List.of(canary, crashing);
  }

  @Override
  Direct direct(String pod) {
    return new Direct(
        "GET",
        "/containerLogs/%s/%s/%s".formatted(Workload.NAMESPACE, pod, Workload.container()),
        "");
  }

  private static String logs(Mesh mesh, String pod, String query) {
    return Workload.url(mesh, pod) + "/log" + query;
  }

  @Override
  Verdict reachable(Mesh mesh, Probe admin, List<String> pods) throws Exception {
    var pod = pods.getFirst();
    var crashing = pods.getLast();
    var workload = new Workload(mesh);
    var evidence = Checks.evidence();
    var plain =
        Checks.eventually(
            Checks.PATIENCE,
            () -> admin.get(logs(mesh, pod, "")),
            answer -> answer.status() == 200 && answer.body().contains(pod + " 3\n"));
    evidence.put("plain", plain.brief());
    var good = plain.status() == 200 && plain.body().startsWith(pod + " 1\n");
    // A line that is written while the others are read comes along with them.
    var tail =
        Checks.eventually(
            Checks.MOMENT,
            () -> admin.get(logs(mesh, pod, "?tailLines=2")),
            answer -> answer.body().lines().count() == 2);
    evidence.put("tailLines=2", tail.body().lines().count() + " lines");
    good &= tail.status() == 200 && tail.body().lines().count() == 2;
    var stamped = admin.get(logs(mesh, pod, "?timestamps=true&tailLines=1"));
    evidence.put("timestamps", stamped.brief());
    good &= TIMESTAMP.matcher(stamped.body().strip()).matches();
    var since = admin.get(logs(mesh, pod, "?sinceSeconds=3600&limitBytes=10"));
    evidence.put("limitBytes=10", since.body());
    good &= since.body().equals(pod.substring(0, 10));
    // The first of them is the last one written by then: only a stream that follows has more.
    var followed =
        admin.follow(logs(mesh, pod, "?follow=true&tailLines=1"), FOLLOWED, Duration.ofSeconds(15));
    evidence.put("follow", followed.isEmpty() ? "too few lines" : "up to " + followed.getLast());
    good &= followed.size() == FOLLOWED && isInTurn(followed, pod);
    Checks.eventually(
        Checks.PATIENCE,
        () -> workload.pod(crashing).at("/status/containerStatuses/0/restartCount").asInt(),
        count -> count > 0);
    var previous = admin.get(logs(mesh, crashing, "?previous=true"));
    evidence.put("previous", previous.brief());
    good &= previous.body().startsWith(crashing + " 1\n");
    return Verdict.of(good, evidence);
  }

  private static boolean isInTurn(List<String> lines, String pod) {
    if (!lines.getFirst().matches(pod + " \\d{1,9}")) {
      return false;
    }
    var next = Integer.parseInt(lines.getFirst().substring(pod.length() + 1));
    for (var line : lines) {
      if (!line.equals(pod + " " + next++)) {
        return false;
      }
    }
    return true;
  }

  @Override
  List<Deception> deceptions(Mesh mesh, Probe admin, String pod, String forged) {
    return List.of(ForgedLog.of(mesh, admin, pod, forged));
  }
}
