package io.hubspoke.lab;

import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.SubjectAltNames;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A kubelet of a {@link HubProcess} in a process of its own, with certificates of the cluster. */
final class NodeProcess implements AutoCloseable {
  static final String NAME = "bench";

  private static final Duration VALIDITY = Duration.ofDays(1);

  private final Process process;
  private final AddressClaim claim;

  private NodeProcess(Process process, AddressClaim claim) {
    this.process = process;
    this.claim = claim;
  }

  /**
   * Starts one; it is not ready yet.
   *
   * @param runtime its {@code --container-runtime-endpoint}
   */
  static NodeProcess start(HubProcess hub, String runtime) throws IOException {
    var claim = AddressClaim.first();
    try {
      return new NodeProcess(process(hub, claim.addresses(), runtime), claim);
    } catch (IOException e) {
      claim.close();
      throw e;
    }
  }

  private static Process process(HubProcess hub, Addresses addresses, String runtime)
      throws IOException {
    Path directory = hub.directory().resolve("node");
    Path kubeconfig = hub.directory().resolve("kubelet.kubeconfig");
    String address = addresses.nodeListens(1);
    Identity node =
        hub.authority().issueClient("system:node:" + NAME, List.of("system:nodes"), VALIDITY);
    Kubeconfig.of(
            "bench",
            Kubeconfig.Cluster.trusting(
                hub.admin().server().toString(), hub.authority().certificate()),
            "kubelet",
            Kubeconfig.User.of(node))
        .write(kubeconfig);
    Path certificate = hub.directory().resolve("kubelet.crt");
    Path key = hub.directory().resolve("kubelet.key");
    hub.authority()
        .issueServer(NAME, SubjectAltNames.of(address), VALIDITY)
        .write(certificate, key);
    return OwnCommand.start(
        List.of(
            "kubelet",
            "--hostname-override=" + NAME,
            "--node-ip=" + address,
            "--kubeconfig=" + kubeconfig,
            "--root-dir=" + directory,
            "--tls-cert-file=" + certificate,
            "--tls-private-key-file=" + key,
            "--client-ca-file=" + hub.directory().resolve("ca.crt"),
            "--anonymous-auth=false",
            "--authorization-mode=Webhook",
            "--pod-cidr=" + addresses.podCidr(1),
            "--container-runtime-endpoint=" + runtime));
  }

  ServerProcess server() {
    return new ServerProcess(process.pid());
  }

  @Override
  public void close() throws IOException {
    ServerProcess.end(process);
    claim.close();
  }
}
