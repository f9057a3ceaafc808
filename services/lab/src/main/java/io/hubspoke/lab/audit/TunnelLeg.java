package io.hubspoke.lab.audit;

import io.hubspoke.lab.KonnectivityTunnels;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.NoTunnels;
import io.hubspoke.lab.SshServers;
import io.hubspoke.lab.wire.Recording;
import io.hubspoke.lab.wire.Wire;
import java.util.Set;

/** The untrusted part of a tunnel's way: what carries everything between control plane and node. */
sealed interface TunnelLeg permits SshLeg, KonnectivityLeg {
  String NODE = "node-1";

  /** Returns the leg to the first node. */
  static TunnelLeg of(Mesh mesh) {
    return switch (mesh.tunnels()) {
      case NoTunnels _ -> throw new IllegalArgumentException("a mesh without tunnels");
      case SshServers servers -> new SshLeg(mesh, servers);
      case KonnectivityTunnels _ -> new KonnectivityLeg(mesh);
    };
  }

  Mesh mesh();

  default Wire wire() {
    return mesh().tunnels().wire(NODE).orElseThrow();
  }

  /** Who may open connections on it. */
  Set<String> openers();

  /** Where connections to targets come from. */
  default String farEnd() {
    return mesh().nodes().get(NODE).advertises();
  }

  Verdict encrypted(Recording recording, String canary);

  /** Puts an interceptor there, sends the request, and takes the interceptor away. */
  Verdict refusesInterceptor(Deception request) throws Exception;

  /** Waits until requests get through; they fail for a moment after connections were reset. */
  default void awaitUp() throws Exception {
    try (var admin = Probe.as(mesh(), mesh().adminIdentity())) {
      var healthz = mesh().addresses().apiserverUrl() + "/api/v1/nodes/" + NODE + "/proxy/healthz";
      var last =
          Checks.eventually(
              Checks.PATIENCE, () -> admin.get(healthz), answer -> answer.status() == 200);
      if (last.status() != 200) {
        throw new IllegalStateException("the tunnel stays down: " + last.brief());
      }
    }
  }
}
