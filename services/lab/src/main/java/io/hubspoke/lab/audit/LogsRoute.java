package io.hubspoke.lab.audit;

import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.runtime.Component;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * C1 and C1v: the apiserver fetches a container's log from a kubelet ("apiserver to kubelet").
 *
 * <p>The kubelet turns the interceptor itself away, since that has no key of the apiserver's. So
 * the interceptor alters what the caller gets by answering in the kubelet's place.
 */
public final class LogsRoute implements Route {
  private static final String NODE = "node-1";
  private static final String USER = "kube-apiserver-kubelet-client";
  private static final List<String> GROUPS = List.of("kubeadm:cluster-admins");
  private static final Pattern TIMESTAMP =
      Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d+Z .*");

  private final Posture posture;

  /** Measures under a posture: default (C1) or verified (C1v). */
  public LogsRoute(Posture posture) {
    this.posture = posture;
  }

  @Override
  public String id() {
    return posture == Posture.DEFAULT ? "C1" : "C1v";
  }

  @Override
  public String title() {
    return "apiserver to kubelet: logs";
  }

  @Override
  public Posture posture() {
    return posture;
  }

  @Override
  public String egress() {
    return "direct";
  }

  @Override
  public Map<Property, Boolean> expectation() {
    return Map.of(
        Property.REACHABLE, true,
        Property.ENCRYPTED, true,
        Property.SERVER_VERIFIED, posture == Posture.VERIFIED,
        Property.CLIENT_AUTHENTICATED, true,
        Property.AUTHORIZED, true,
        Property.PATH, true);
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var workload = new Workload(mesh);
    var canary = Checks.canary();
    var crashing = Checks.canary();
    workload.ticker(canary, NODE, canary, List.of("--message=" + canary, "--interval=100ms"));
    workload.ticker(
        crashing,
        NODE,
        crashing,
        List.of("--message=" + crashing, "--count=2", "--interval=10ms", "--exit-code=1"));
    var wire = mesh.nodes().get(NODE).wire();
    try (var admin = Probe.as(mesh.adminIdentity())) {
      workload.runs(canary);
      var path = PathWatch.toNode(mesh, NODE);
      var recording = Checks.tap(wire);
      verdicts.put(Property.REACHABLE, reachable(mesh, workload, admin, canary, crashing));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, canary));
      verdicts.put(Property.PATH, path.openedBy(Set.of(mesh.addresses().apiserver())));
      Checks.release(wire);
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, canary));
      verdicts.put(Property.AUTHORIZED, authorized(mesh, canary));
      verdicts.put(Property.SERVER_VERIFIED, serverVerified(mesh, admin, canary));
      return verdicts;
    } finally {
      Checks.release(wire);
      workload.delete(canary);
      workload.delete(crashing);
    }
  }

  private static String logs(Mesh mesh, String pod, String query) {
    return "https://%s:6443/api/v1/namespaces/%s/pods/%s/log%s"
        .formatted(mesh.addresses().apiserver(), Workload.NAMESPACE, pod, query);
  }

  private static String containerLogs(Mesh mesh, String pod) {
    var node = mesh.nodes().get(NODE);
    return "https://%s:%d/containerLogs/%s/%s/%s"
        .formatted(node.advertises(), node.port(), Workload.NAMESPACE, pod, Workload.container());
  }

  private static Verdict reachable(
      Mesh mesh, Workload workload, Probe admin, String pod, String crashing) throws Exception {
    var evidence = Checks.evidence();
    var plain =
        Checks.eventually(
            Checks.PATIENCE,
            () -> admin.get(logs(mesh, pod, "")),
            answer -> answer.status() == 200 && answer.body().contains(pod + " 3\n"));
    evidence.put("plain", plain.brief());
    var good = plain.status() == 200 && plain.body().startsWith(pod + " 1\n");
    var tail = admin.get(logs(mesh, pod, "?tailLines=2"));
    evidence.put("tailLines=2", tail.body().lines().count() + " lines");
    good &= tail.status() == 200 && tail.body().lines().count() == 2;
    var stamped = admin.get(logs(mesh, pod, "?timestamps=true&tailLines=1"));
    evidence.put("timestamps", stamped.brief());
    good &= TIMESTAMP.matcher(stamped.body().strip()).matches();
    var since = admin.get(logs(mesh, pod, "?sinceSeconds=3600&limitBytes=10"));
    evidence.put("limitBytes=10", since.body());
    good &= since.body().equals(pod.substring(0, 10));
    // Beyond what is written when the request is sent: only a stream that follows sees it.
    var next = pod + " " + (lastTick(admin, mesh, pod) + 5);
    var followed =
        admin.follows(logs(mesh, pod, "?follow=true&tailLines=1"), next, Duration.ofSeconds(15));
    evidence.put("follow", followed ? "saw '" + next + "'" : "did not see '" + next + "'");
    good &= followed;
    Checks.eventually(
        Checks.PATIENCE,
        () -> workload.pod(crashing).at("/status/containerStatuses/0/restartCount").asInt(),
        count -> count > 0);
    var previous = admin.get(logs(mesh, crashing, "?previous=true"));
    evidence.put("previous", previous.brief());
    good &= previous.body().startsWith(crashing + " 1\n");
    return Verdict.of(good, evidence);
  }

  private static int lastTick(Probe admin, Mesh mesh, String pod) throws InterruptedException {
    var last = admin.get(logs(mesh, pod, "?tailLines=1")).body().strip();
    return Integer.parseInt(last.substring(last.lastIndexOf(' ') + 1));
  }

  private static Verdict authenticated(Mesh mesh, String pod) throws Exception {
    var evidence = Checks.evidence();
    var refused = Checks.refusesStrangers(mesh, containerLogs(mesh, pod), USER, GROUPS, evidence);
    var path = "/containerLogs/" + Workload.NAMESPACE + "/" + pod;
    var accepted =
        mesh.accesses(NODE).stream()
            .filter(access -> access.path().startsWith(path) && access.code() == 200)
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
    var confined =
        posture == Posture.DEFAULT
            || NodeNames.refused(mesh, NODE, Requests.Signer.KUBELET_SERVING, evidence);
    var nobody = mesh.issue(CertificateProfile.client("nobody", List.of(), Duration.ofHours(1)));
    try (var stranger = Probe.as(nobody)) {
      var answer = stranger.get(containerLogs(mesh, pod));
      var apiservers =
          mesh.accesses(NODE).stream()
              .filter(access -> access.user().equals(USER) && access.code() == 200)
              .count();
      return Verdict.of(
          answer.status() == 403 && apiservers > 0 && confined,
          evidence
              .put("userWithoutRights", answer.brief())
              .put("requestsOfApiserverAllowed", apiservers));
    }
  }

  private static Verdict serverVerified(Mesh mesh, Probe admin, String pod) throws Exception {
    var forged = Checks.canary();
    var wire = mesh.nodes().get(NODE).wire();
    var interceptor = Checks.intercept(mesh, wire, new Alteration.Answer(forged + "\n"));
    try {
      var answer = admin.get(logs(mesh, pod, "?tailLines=1"));
      var verdict = Checks.serverVerified(interceptor, mesh.addresses().apiserver());
      verdict.evidence().put("callerReceived", answer.brief());
      var deceived = answer.body().equals(forged + "\n");
      return switch (verdict) {
        case Verdict.Holds holds when answer.status() >= 500 && !deceived -> holds;
        case Verdict.Absent absent when deceived -> absent;
        case Verdict.Inconclusive inconclusive -> inconclusive;
        case Verdict.Holds(var evidence) ->
            new Verdict.Inconclusive("refused, and yet there was an answer", evidence);
        case Verdict.Absent(var evidence) ->
            new Verdict.Inconclusive("accepted, but the forged answer was not received", evidence);
      };
    } finally {
      Component.await(interceptor.close());
    }
  }
}
