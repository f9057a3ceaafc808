package io.hubspoke.lab.audit;

import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.SshServers;
import io.hubspoke.lab.wire.Mode;
import io.hubspoke.lab.wire.Recording;
import io.hubspoke.runtime.Component;
import java.util.List;
import java.util.Set;

/** The SSH connection that the apiserver keeps to a node. */
record SshLeg(Mesh mesh, SshServers servers) implements TunnelLeg {
  @Override
  public Set<String> openers() {
    return Set.of(mesh.addresses().apiserver());
  }

  @Override
  public Verdict encrypted(Recording recording, String canary) {
    return Checks.encryptedBySsh(recording, canary);
  }

  /** A real SSH server in the node's place, which lets everybody in and has another key. */
  @Override
  public Verdict refusesInterceptor(Deception request) throws Exception {
    try (var foreign = ForeignSshServer.start(servers.interceptorsKey(NODE))) {
      Component.await(wire().mode(new Mode.Divert(foreign.address())));
      Component.await(wire().reset());
      var visits =
          Checks.eventually(
              Checks.PATIENCE,
              () -> visits(foreign),
              some -> some.stream().anyMatch(ForeignSshServer.Visit::decided));
      var received = request.call();
      return judge(visits.stream().filter(ForeignSshServer.Visit::decided).toList(), received);
    } finally {
      Checks.release(wire());
    }
  }

  /** In a deployment what a wire diverts comes from the wire, and only the apiserver meets it. */
  private List<ForeignSshServer.Visit> visits(ForeignSshServer foreign) {
    return mesh.deployed() ? foreign.visits() : foreign.visitsFrom(mesh.addresses().apiserver());
  }

  private static Verdict judge(List<ForeignSshServer.Visit> visits, Deception.Received received) {
    var evidence = Checks.evidence().put("connections", visits.size());
    evidence.put("callerReceived", received.brief());
    if (visits.isEmpty()) {
      return new Verdict.Inconclusive("no connection reached the interceptor", evidence);
    }
    var first = visits.getFirst();
    evidence.put("hostKeyShown", first.hostKey());
    if (visits.stream().anyMatch(ForeignSshServer.Visit::loggedIn)) {
      Checks.inShort(evidence, "the interceptor's host key was accepted: " + first.hostKey());
      return new Verdict.Absent(evidence);
    }
    evidence.put("refusedWith", first.end());
    Checks.inShort(
        evidence,
        "the interceptor's host key was refused (%s) and it read nothing".formatted(first.end()));
    return received.failed()
        ? new Verdict.Holds(evidence)
        : new Verdict.Inconclusive("refused, and yet there was an answer", evidence);
  }
}
