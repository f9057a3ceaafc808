package io.hubspoke.lab;

import io.hubspoke.lab.join.JoinToken;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.CertificateUsage;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.tunnel.ssh.KeyFile;
import io.hubspoke.tunnel.ssh.PublicKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;

/**
 * The files of components that are processes of their own: those of a lab, and beside them what a
 * lab asks its apiserver for or keeps in memory. Authorities, keys that sign tokens, SSH keys and
 * the token by which nodes join are kept when they are there; certificates are issued anew.
 */
final class DeploymentFiles {
  /** Has the groups of a bootstrap token, but is known from a file: it outlives the store. */
  private static final String BOOTSTRAP_USER =
      "kubelet-bootstrap,kubelet-bootstrap,\"system:bootstrappers\"";

  private final Path directory;
  private final ClusterFiles files;

  private DeploymentFiles(Path directory, ClusterFiles files) {
    this.directory = directory;
    this.files = files;
  }

  /** Writes all of them. */
  static void write(Path directory, ControlPlaneEndpoints endpoints) throws IOException {
    var files = ClusterFiles.write(directory, endpoints);
    new DeploymentFiles(directory, files).write();
  }

  private void write() throws IOException {
    KonnectivityFiles.write(files)
        .agents()
        .issueClient("system:konnectivity-agent", List.of(), ClusterFiles.VALIDITY)
        .write(
            files.pki().resolve("konnectivity-agent.crt"),
            files.pki().resolve("konnectivity-agent.key"));
    files
        .ca()
        .issueClient("hubspoke:monitoring", List.of("system:monitoring"), ClusterFiles.VALIDITY)
        .write(files.pki().resolve("monitoring.crt"), files.pki().resolve("monitoring.key"));
    files.kubeconfig(
        "kube-proxy.kubeconfig",
        files.endpoints().server(),
        NodeProxies.USER,
        files.ca().issueClient(NodeProxies.USER, List.of(), ClusterFiles.VALIDITY));
    storage();
    ssh();
    bootstrap();
  }

  /**
   * Members of a store are both ends of their connections, and known by an authority of their own.
   */
  private void storage() throws IOException {
    var now = Instant.now();
    var member =
        new CertificateProfile(
            new Subject("hubspoke-store"),
            SubjectAltNames.NONE,
            EnumSet.of(
                CertificateUsage.DIGITAL_SIGNATURE,
                CertificateUsage.SERVER_AUTH,
                CertificateUsage.CLIENT_AUTH),
            now.minus(CertificateProfile.BACKDATE),
            now.plus(ClusterFiles.VALIDITY));
    files
        .authority("storage-ca", "storage-ca")
        .issue(member)
        .write(files.pki().resolve("storage-peer.crt"), files.pki().resolve("storage-peer.key"));
  }

  private void ssh() throws IOException {
    var key = KeyFile.readOrMake(files.pki().resolve("ssh").resolve("id_ed25519"), SshServers.USER);
    AtomicFile.writePublic(
        files.pki().resolve("ssh").resolve("authorized_keys"),
        new PublicKeys(List.of(key.getPublic())).lines() + "\n");
  }

  private void bootstrap() throws IOException {
    var tokens = files.pki().resolve("known_tokens.csv");
    if (!Files.exists(tokens)) {
      AtomicFile.writePrivate(tokens, JoinToken.generate().value() + "," + BOOTSTRAP_USER + "\n");
    }
    var line = Files.readString(tokens);
    var token = JoinToken.parse(line.substring(0, Math.max(0, line.indexOf(','))));
    Kubeconfig.of(
            "hubspoke",
            Kubeconfig.Cluster.trusting(files.endpoints().server(), files.ca().certificate()),
            "kubelet-bootstrap",
            Kubeconfig.User.ofToken(token.value()))
        .write(directory.resolve("bootstrap-kubelet.kubeconfig"));
  }
}
