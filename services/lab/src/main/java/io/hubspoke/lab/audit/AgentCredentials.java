package io.hubspoke.lab.audit;

import io.hubspoke.lab.ForeignAuthority;
import io.hubspoke.lab.KonnectivityTunnels;
import io.hubspoke.lab.Mesh;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.tunnel.konnectivity.Metadata;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** By what a Konnectivity server knows agents, and what is almost that. */
sealed interface AgentCredentials {
  String name();

  /** Returns what a node's agent shows. */
  Shown own(Mesh mesh, String node) throws Exception;

  /** Returns what is to be refused since it proves nothing, by what it is. */
  Map<String, Shown> strangers(Mesh mesh) throws Exception;

  /** Returns what proves who somebody is who is no agent, by who that is. */
  Map<String, Shown> others(Mesh mesh, String node) throws Exception;

  /**
   * What somebody shows.
   *
   * @param identity null for no certificate
   * @param token null for none
   */
  record Shown(Identity identity, String token) {}

  /** A token of the agents' service account, for the server alone. */
  record Token() implements AgentCredentials {
    private static final String NAMESPACE = "kube-system";
    private static final String NAME = "konnectivity-agent";

    @Override
    public String name() {
      return "token";
    }

    @Override
    public Shown own(Mesh mesh, String node) throws Exception {
      return new Shown(null, new Account(mesh, NAMESPACE, NAME).tokenFor(Metadata.AUDIENCE));
    }

    @Override
    public Map<String, Shown> strangers(Mesh mesh) throws Exception {
      var shown = new LinkedHashMap<String, Shown>();
      shown.put("noCredentials", new Shown(null, null));
      shown.put("noToken", new Shown(null, "not-a-token"));
      new Account(mesh, NAMESPACE, NAME)
          .wrongTokens(Metadata.AUDIENCE)
          .forEach((what, token) -> shown.put(what, new Shown(null, token)));
      return shown;
    }

    @Override
    public Map<String, Shown> others(Mesh mesh, String node) throws Exception {
      var shown = new LinkedHashMap<String, Shown>();
      for (var other :
          List.of(
              new Account(mesh, NAMESPACE, Checks.canary()),
              new Account(mesh, Workload.NAMESPACE, NAME))) {
        // One of an earlier measurement on this mesh.
        other.delete();
        other.create();
        shown.put(other.user(), new Shown(null, other.tokenFor(Metadata.AUDIENCE)));
      }
      return shown;
    }
  }

  /** A certificate of the authority that signs agents alone. */
  record Certificate() implements AgentCredentials {
    @Override
    public String name() {
      return "certificate";
    }

    private static KonnectivityTunnels tunnels(Mesh mesh) {
      return (KonnectivityTunnels) mesh.tunnels();
    }

    @Override
    public Shown own(Mesh mesh, String node) throws Exception {
      return new Shown(tunnels(mesh).agentIdentity(node), null);
    }

    @Override
    public Map<String, Shown> strangers(Mesh mesh) throws Exception {
      var subject = "system:konnectivity-agent:stranger";
      var past = Instant.now().minus(Duration.ofDays(2));
      var expired =
          CertificateProfile.client(subject, List.of(), Duration.ofDays(1))
              .valid(past, past.plus(Duration.ofDays(1)));
      var shown = new LinkedHashMap<String, Shown>();
      shown.put("noCredentials", new Shown(null, null));
      shown.put("foreignCa", new Shown(ForeignAuthority.create().client(subject, List.of()), null));
      shown.put("expired", new Shown(tunnels(mesh).issueAgent(expired), null));
      return shown;
    }

    @Override
    public Map<String, Shown> others(Mesh mesh, String node) throws Exception {
      var shown = new LinkedHashMap<String, Shown>();
      shown.put("the node's kubelet", new Shown(Nodes.identity(mesh, node), null));
      shown.put("the administrator", new Shown(mesh.adminIdentity(), null));
      return shown;
    }
  }
}
