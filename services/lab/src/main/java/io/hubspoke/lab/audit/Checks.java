package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.lab.ForeignAuthority;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.lab.wire.Forger;
import io.hubspoke.lab.wire.Interception;
import io.hubspoke.lab.wire.Interceptor;
import io.hubspoke.lab.wire.Mode;
import io.hubspoke.lab.wire.Recording;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The measurements that routes have in common. */
final class Checks {
  /**
   * How long a route may take to do what it is for; whoever breaks many on purpose gives them less.
   */
  static final Duration PATIENCE =
      Duration.ofSeconds(Integer.getInteger("hubspoke.audit.patience", 25));

  /** What has happened already is told within this time. */
  static final Duration MOMENT = Duration.ofSeconds(2);

  private static final int RECORDING_LIMIT = 16 << 20;
  private static final long POLL_MILLIS = 25;
  private static final SecureRandom RANDOM = new SecureRandom();

  private Checks() {}

  static ObjectNode evidence() {
    return Json.object();
  }

  /** Adds a line to what the report quotes of this evidence. */
  static void inShort(ObjectNode evidence, String line) {
    var lines = evidence.withArray(Report.IN_SHORT);
    for (var there : lines) {
      if (there.asText().equals(line)) {
        return;
      }
    }
    lines.add(line);
  }

  /** A text that is nowhere else; a valid name of an object too. */
  static String canary() {
    var bytes = new byte[10];
    RANDOM.nextBytes(bytes);
    return "canary-" + HexFormat.of().formatHex(bytes);
  }

  /** Reads until the value is as wanted; returns the last one, wanted or not. */
  static <T> T eventually(Duration limit, Callable<T> read, Predicate<T> wanted) throws Exception {
    var deadline = System.nanoTime() + limit.toNanos();
    var value = read.call();
    while (!wanted.test(value) && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
      value = read.call();
    }
    return value;
  }

  /** Puts a tap on the wire, and has connections dialled anew so that they pass it. */
  static Recording tap(Wire wire) throws Exception {
    var recording = new Recording(RECORDING_LIMIT);
    Component.await(wire.mode(new Mode.Tap(recording)));
    Component.await(wire.reset());
    return recording;
  }

  /** Leaves the wire as it was. */
  static void release(Wire wire) throws Exception {
    Component.await(wire.mode(Mode.forward()));
    Component.await(wire.reset());
  }

  /** Judges a recording of what carried the canary over TLS. */
  static Verdict encrypted(Recording recording, String canary) {
    var taken = recording.snapshot();
    return encrypted(taken, canary, "TLS", taken.tlsConnections());
  }

  /** Judges a recording of what carried the canary over SSH. */
  static Verdict encryptedBySsh(Recording recording, String canary) {
    var taken = recording.snapshot();
    return encrypted(taken, canary, "SSH", taken.sshConnections());
  }

  private static Verdict encrypted(
      Recording recording, String canary, String protocol, int connections) {
    var found = recording.find(canary);
    var evidence =
        evidence()
            .put("bytesRecorded", recording.bytesSeen())
            .put("connections", recording.connections())
            .put(protocol.toLowerCase(Locale.ROOT) + "Connections", connections)
            .put("canaryFound", found.orElse("no"));
    if (found.isPresent()) {
      return new Verdict.Absent(evidence);
    }
    if (recording.bytesSeen() == 0) {
      return new Verdict.Inconclusive("nothing crossed the tap", evidence);
    }
    if (connections < recording.connections()) {
      return new Verdict.Inconclusive("not every connection began with " + protocol, evidence);
    }
    if (recording.truncated()) {
      return new Verdict.Inconclusive("the recording was full", evidence);
    }
    return new Verdict.Holds(evidence);
  }

  /** An interceptor on the wire; connections are dialled anew so that they meet it. */
  static Interceptor intercept(Mesh mesh, Wire wire, Alteration alteration) throws Exception {
    return intercept(mesh, wire, ForeignAuthority.create(), alteration);
  }

  /** The same with certificates of this authority. */
  static Interceptor intercept(Mesh mesh, Wire wire, Forger forger, Alteration alteration)
      throws Exception {
    return put(new Interceptor(mesh.vertx(), forger, null, alteration), wire);
  }

  /** The same, which only connections meet that are opened from now on. */
  static Interceptor interceptNew(Mesh mesh, Wire wire, Alteration alteration) throws Exception {
    var interceptor = new Interceptor(mesh.vertx(), ForeignAuthority.create(), null, alteration);
    Component.await(wire.mode(new Mode.Intercept(interceptor)));
    return interceptor;
  }

  /** The same on a way without TLS. */
  static Interceptor interceptInClear(Mesh mesh, Wire wire, Alteration alteration)
      throws Exception {
    return put(Interceptor.inClear(mesh.vertx(), alteration), wire);
  }

  private static Interceptor put(Interceptor interceptor, Wire wire) throws Exception {
    Component.await(wire.mode(new Mode.Intercept(interceptor)));
    Component.await(wire.reset());
    return interceptor;
  }

  /** Waits until a client from this address has decided, and judges what the interceptor saw. */
  static Verdict serverVerified(Interceptor interceptor, String from) throws Exception {
    return serverVerified(interceptor, from, PATIENCE);
  }

  /** The same for a client that has its answer already, so that it has decided too. */
  static Verdict serverVerifiedByNow(Interceptor interceptor, String from) throws Exception {
    return serverVerified(interceptor, from, MOMENT);
  }

  private static Verdict serverVerified(Interceptor interceptor, String from, Duration limit)
      throws Exception {
    var seen =
        eventually(
            limit,
            () ->
                interceptor.interceptions().stream()
                    .filter(i -> i.crossing().from().equals(from))
                    .toList(),
            list -> list.stream().anyMatch(Checks::decided));
    return verdict(seen.stream().filter(Checks::decided).toList(), from);
  }

  static Verdict verdict(List<Interception> decided, String from) {
    var evidence = evidence().put("client", from).put("connections", decided.size());
    if (decided.isEmpty()) {
      return new Verdict.Inconclusive("no connection reached the interceptor", evidence);
    }
    var taken =
        decided.stream().filter(i -> i.outcome() instanceof Interception.Outcome.Accepted).toList();
    if (taken.isEmpty()) {
      if (decided.getFirst().outcome() instanceof Interception.Outcome.Refused(var reason)) {
        evidence.put("refusedWith", reason);
      }
      var bytes = decided.stream().mapToLong(Interception::clientBytes).sum();
      evidence.put("applicationBytesRead", bytes);
      inShort(
          evidence,
          "the interceptor was refused (%s) and read %s"
              .formatted(
                  evidence.path("refusedWith").asText("no reason told"),
                  bytes == 0 ? "nothing" : bytes + " bytes"));
      return new Verdict.Holds(evidence);
    }
    var first = taken.getFirst();
    evidence
        .put("applicationBytesRead", first.clientBytes())
        .put("requestRead", first.read().lines().findFirst().orElse(""))
        .put("clientCertificatePresented", first.clientCertificate().orElse("none"))
        .put("serverAnsweredInterceptor", first.answered().lines().findFirst().orElse(""))
        .put("alterations", first.alterations());
    return new Verdict.Absent(evidence);
  }

  private static boolean decided(Interception interception) {
    return switch (interception.outcome()) {
      case Interception.Outcome.Refused _, Interception.Outcome.Accepted _ -> true;
      case Interception.Outcome.Pending _, Interception.Outcome.ServerUnreachable _ -> false;
    };
  }

  /** A certificate that the cluster's own authority issued, and whose time is over. */
  static Identity expired(Mesh mesh, String name, List<String> groups) {
    var past = Instant.now().minus(Duration.ofDays(2));
    return mesh.issue(
        CertificateProfile.client(name, groups, Duration.ofDays(1))
            .valid(past, past.plus(Duration.ofDays(1))));
  }

  /**
   * Sends one request without credentials, with a foreign authority's for the same name, and with
   * expired ones; each must be refused as unauthenticated.
   */
  static boolean refusesStrangers(
      Mesh mesh, String url, String name, List<String> groups, ObjectNode evidence)
      throws InterruptedException {
    return refusesStrangers(mesh, "GET", url, name, groups, evidence);
  }

  /** The same with a method of its own. */
  static boolean refusesStrangers(
      Mesh mesh, String method, String url, String name, List<String> groups, ObjectNode evidence)
      throws InterruptedException {
    try (var none = Probe.anonymous(mesh);
        var foreign = Probe.as(mesh, ForeignAuthority.create().client(name, groups));
        var expired = Probe.as(mesh, expired(mesh, name, groups))) {
      var refused = true;
      for (var probe : List.of(none, foreign, expired)) {
        var answer = probe.send(method, url);
        var which = probe == none ? "noCredentials" : probe == foreign ? "foreignCa" : "expired";
        evidence.put(which, answer.brief());
        refused &= probe == none ? isNobody(mesh, answer) : unauthenticated(answer);
      }
      return refused;
    }
  }

  /**
   * Whether who shows nothing is taken for nobody: refused, or forbidden as anonymous where such
   * requests are let in.
   */
  static boolean isNobody(Mesh mesh, Probe.Answer answer) {
    return unauthenticated(answer)
        || (mesh.deployed()
            && answer.status() == 403
            && answer.body().contains("system:anonymous"));
  }

  static boolean unauthenticated(Probe.Answer answer) {
    return answer.status() == 401
        || (answer.status() == 0 && answer.body().contains("fatal alert"));
  }

  /** Asks the apiserver who it takes the caller for. */
  static boolean seenAs(Probe caller, String server, String user, String group, ObjectNode evidence)
      throws Exception {
    var answer =
        caller.post(
            server + "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}");
    evidence.put("selfSubjectReview", answer.status());
    if (answer.status() >= 300) {
      return false;
    }
    var info =
        Json.parse(answer.body().getBytes(java.nio.charset.StandardCharsets.UTF_8))
            .path("status")
            .path("userInfo");
    evidence.set("seenAs", info);
    var groups = new java.util.ArrayList<String>();
    info.path("groups").forEach(g -> groups.add(g.asText()));
    return info.path("username").asText().equals(user) && groups.contains(group);
  }
}
