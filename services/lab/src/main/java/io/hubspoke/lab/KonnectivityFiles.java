package io.hubspoke.lab;

import io.hubspoke.pki.AtomicFile;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.SubjectAltNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The certificates of Konnectivity. An authority of its own signs agents and nothing else, another
 * one both ends between apiserver and server: so no agent is taken for an apiserver, no node's
 * certificate for an agent's. Agents verify the server by the cluster's authority, which they know
 * already.
 */
final class KonnectivityFiles {
  private static final String USER = "system:konnectivity-server";
  private static final String HUB = "127.0.0.1";

  private final ClusterFiles files;
  private final CertificateAuthority agents;

  private KonnectivityFiles(ClusterFiles files) throws IOException {
    this.files = files;
    this.agents = files.authority("konnectivity-agent-ca", "konnectivity-agent-ca");
  }

  /** Writes what both ends but the agents need. */
  static KonnectivityFiles write(ClusterFiles files) throws IOException {
    var written = new KonnectivityFiles(files);
    written.write();
    return written;
  }

  private void write() throws IOException {
    var names = files.endpoints().konnectivityNames();
    files
        .ca()
        .issueServer("konnectivity-server", SubjectAltNames.of(names), ClusterFiles.VALIDITY)
        .write(serverCertificate(), serverKey());
    var hub = files.authority("konnectivity-frontend-ca", "konnectivity-frontend-ca");
    hub.issueServer(
            "konnectivity-server",
            SubjectAltNames.of(List.of(HUB, "localhost")),
            ClusterFiles.VALIDITY)
        .write(frontendCertificate(), frontendKey());
    hub.issueClient("kube-apiserver", List.of(), ClusterFiles.VALIDITY)
        .write(clientCertificate(), clientKey());
    Kubeconfig.of(
            "hubspoke",
            Kubeconfig.Cluster.trusting(files.endpoints().server(), files.ca().certificate()),
            USER,
            Kubeconfig.User.of(files.ca().issueClient(USER, List.of(), ClusterFiles.VALIDITY)))
        .write(kubeconfig());
  }

  /** Issues a node's agent its certificate. */
  void issueAgent(String node) throws IOException {
    Files.createDirectories(agentCertificate(node).getParent());
    agents
        .issueClient("system:konnectivity-agent:" + node, List.of(), ClusterFiles.VALIDITY)
        .write(agentCertificate(node), agentKey(node));
  }

  /** Writes the token that a node's agent shows. */
  void writeToken(String node, String token) throws IOException {
    Files.createDirectories(token(node).getParent());
    AtomicFile.writePrivate(token(node), token);
  }

  CertificateAuthority agents() {
    return agents;
  }

  Path agentAuthority() {
    return files.pki().resolve("konnectivity-agent-ca.crt");
  }

  Path frontendAuthority() {
    return files.pki().resolve("konnectivity-frontend-ca.crt");
  }

  Path serverCertificate() {
    return files.pki().resolve("konnectivity-server.crt");
  }

  Path serverKey() {
    return files.pki().resolve("konnectivity-server.key");
  }

  Path frontendCertificate() {
    return files.pki().resolve("konnectivity-frontend.crt");
  }

  Path frontendKey() {
    return files.pki().resolve("konnectivity-frontend.key");
  }

  Path clientCertificate() {
    return files.pki().resolve("apiserver-konnectivity-client.crt");
  }

  Path clientKey() {
    return files.pki().resolve("apiserver-konnectivity-client.key");
  }

  /** With which the server has agents' tokens reviewed. */
  Path kubeconfig() {
    return files.kubeconfig("konnectivity-server");
  }

  Path agentCertificate(String node) {
    return files.node(node).resolve("konnectivity").resolve("agent.crt");
  }

  Path agentKey(String node) {
    return files.node(node).resolve("konnectivity").resolve("agent.key");
  }

  Path token(String node) {
    return files.node(node).resolve("konnectivity").resolve("token");
  }

  /** Where hub and server meet when that is no TCP port. */
  Path socket() {
    return files.pki().resolveSibling("konnectivity.sock");
  }

  /** What the apiserver reads to know its egress. */
  Path egressSelector() {
    return files.pki().resolveSibling("egress-selector-configuration.yaml");
  }
}
