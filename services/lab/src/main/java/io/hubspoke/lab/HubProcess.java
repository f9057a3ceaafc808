package io.hubspoke.lab;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.DirectoryTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** An apiserver in a process of its own, so that what it uses can be told from what asks it. */
final class HubProcess implements AutoCloseable {
  private static final Duration VALIDITY = Duration.ofDays(1);
  private static final String ADDRESS = "127.0.0.1";

  private final Path directory;
  private final Process process;
  private final ClientConfig admin;
  private final CertificateAuthority authority;

  private HubProcess(
      Path directory, Process process, ClientConfig admin, CertificateAuthority authority) {
    this.directory = directory;
    this.process = process;
    this.admin = admin;
    this.authority = authority;
  }

  /** Starts one with an authority, keys and a port of its own; it is not ready yet. */
  static HubProcess start() throws IOException {
    var directory = Files.createTempDirectory("hubspoke-bench-");
    var authority = CertificateAuthority.create("kubernetes", VALIDITY);
    Path ca = directory.resolve("ca.crt");
    authority.write(ca, directory.resolve("ca.key"));
    Path certificate = directory.resolve("apiserver.crt");
    Path key = directory.resolve("apiserver.key");
    authority
        .issueServer("kube-apiserver", SubjectAltNames.of(List.of(ADDRESS)), VALIDITY)
        .write(certificate, key);
    Path kubeletCertificate = directory.resolve("apiserver-kubelet-client.crt");
    Path kubeletKey = directory.resolve("apiserver-kubelet-client.key");
    authority
        .issueClient("kube-apiserver-kubelet-client", List.of("system:masters"), VALIDITY)
        .write(kubeletCertificate, kubeletKey);
    Identity admin = authority.issueClient("admin", List.of("system:masters"), VALIDITY);
    // Two event loops share a port only when it was chosen before.
    int port = FreePort.at(ADDRESS);
    var process =
        OwnCommand.start(
            List.of(
                "apiserver",
                "--bind-address=" + ADDRESS,
                "--secure-port=" + port,
                "--tls-cert-file=" + certificate,
                "--tls-private-key-file=" + key,
                "--client-ca-file=" + ca,
                "--kubelet-client-certificate=" + kubeletCertificate,
                "--kubelet-client-key=" + kubeletKey,
                "--kubelet-certificate-authority=" + ca,
                "--kubelet-preferred-address-types=InternalIP",
                "--kubelet-loopback-ranges=127.0.0.0/8",
                "--proxy-loopback-ranges=127.0.0.0/8",
                "--enable-bootstrap-token-auth",
                "--authorization-mode=Node,RBAC"));
    return new HubProcess(
        directory,
        process,
        ClientConfig.of(
            "https://" + ADDRESS + ":" + port,
            List.of(authority.certificate()),
            new Credentials.Certificate(admin)),
        authority);
  }

  /** Returns who signs its cluster's certificates. */
  CertificateAuthority authority() {
    return authority;
  }

  Path directory() {
    return directory;
  }

  ClientConfig admin() {
    return admin;
  }

  ServerProcess server() {
    return new ServerProcess(process.pid());
  }

  boolean isRunning() {
    return process.isAlive();
  }

  @Override
  public void close() throws IOException {
    ServerProcess.end(process);
    DirectoryTree.delete(directory);
  }
}
