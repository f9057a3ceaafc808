package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Kubeconfig.Cluster;
import io.hubspoke.pki.Kubeconfig.User;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.testing.PeerBinary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/** A real kube-apiserver and its etcd, on loopback, with all certificates of one authority. */
final class RealApiserver implements AutoCloseable {
  static final String ADDRESS = "127.0.0.1";
  private static final Duration DAY = Duration.ofDays(1);

  private final Path directory;
  private final int port;
  private final List<Process> processes = new ArrayList<>();

  /**
   * Makes certificates and kubeconfigs.
   *
   * @param directory for them, and for logs
   * @param node the address of a kubelet
   */
  RealApiserver(Path directory, String node) throws IOException {
    this.directory = directory;
    this.port = FreePort.at(ADDRESS);
    certificates(node);
  }

  /** Starts both and waits until the apiserver is ready. */
  void start(String egressSelector) throws Exception {
    var kubeApiserver = PeerBinary.of("kube-apiserver");
    var store = "http://%s:%d".formatted(ADDRESS, FreePort.at(ADDRESS));
    var peers = "http://%s:%d".formatted(ADDRESS, FreePort.at(ADDRESS));
    run(
        "etcd",
        PeerBinary.of("etcd").toString(),
        "--data-dir=" + directory.resolve("etcd"),
        "--listen-client-urls=" + store,
        "--advertise-client-urls=" + store,
        "--listen-peer-urls=" + peers,
        "--initial-advertise-peer-urls=" + peers,
        "--initial-cluster=default=" + peers);
    var egress = Files.writeString(directory.resolve("egress.yaml"), egressSelector);
    var apiserver =
        run(
            "kube-apiserver",
            kubeApiserver.toString(),
            "--etcd-servers=" + store,
            "--bind-address=" + ADDRESS,
            "--secure-port=" + port,
            // It refuses loopback; nobody is told of it.
            "--advertise-address=192.0.2.1",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/24",
            "--tls-cert-file=" + directory.resolve("server.crt"),
            "--tls-private-key-file=" + directory.resolve("server.key"),
            "--client-ca-file=" + directory.resolve("ca.crt"),
            "--service-account-issuer=https://test.invalid",
            "--service-account-key-file=" + directory.resolve("server.crt"),
            "--service-account-signing-key-file=" + directory.resolve("server.key"),
            "--disable-admission-plugins=ServiceAccount",
            "--kubelet-preferred-address-types=InternalIP",
            "--kubelet-certificate-authority=" + directory.resolve("ca.crt"),
            "--kubelet-client-certificate=" + directory.resolve("apiserver.crt"),
            "--kubelet-client-key=" + directory.resolve("apiserver.key"),
            "--egress-selector-config-file=" + egress);
    await(apiserver, () -> kubectl().run("get", "--raw", "/readyz").status() == 0);
  }

  /**
   * Waits for what a process is to bring about, for as long as it runs, however busy the machine.
   */
  static void await(Process process, Callable<Boolean> condition) throws Exception {
    while (!condition.call()) {
      assertThat(process.isAlive()).as("it runs: %s", process.info().commandLine()).isTrue();
      TimeUnit.MILLISECONDS.sleep(200);
    }
  }

  private void certificates(String node) throws IOException {
    var authority = CertificateAuthority.create("cluster", DAY);
    authority.write(directory.resolve("ca.crt"), directory.resolve("ca.key"));
    for (var server : List.of("server", "kubelet")) {
      authority
          .issueServer(server, SubjectAltNames.of(ADDRESS, node), DAY)
          .write(directory.resolve(server + ".crt"), directory.resolve(server + ".key"));
    }
    for (var client : List.of("apiserver", "agent")) {
      authority
          .issueClient(client, List.of(), DAY)
          .write(directory.resolve(client + ".crt"), directory.resolve(client + ".key"));
    }
    for (var user : List.of("admin", "node")) {
      Kubeconfig.of(
              "real",
              Cluster.trusting("https://%s:%d".formatted(ADDRESS, port), authority.certificate()),
              user,
              User.of(authority.issueClient(user, List.of("system:masters"), DAY)))
          .write(directory.resolve(user + ".kubeconfig"));
    }
  }

  private Process run(String name, String... command) throws IOException {
    var process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve(name + ".log").toFile())
            .start();
    processes.add(process);
    return process;
  }

  /** Returns the administrator's. */
  Kubectl kubectl() throws IOException {
    return new Kubectl(
        Kubectl.versions().getLast(),
        directory.resolve("admin.kubeconfig"),
        Files.createDirectories(directory.resolve("home")));
  }

  @Override
  public void close() {
    processes.reversed().forEach(Process::destroyForcibly);
  }
}
