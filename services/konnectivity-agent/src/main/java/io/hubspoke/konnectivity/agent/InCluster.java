package io.hubspoke.konnectivity.agent;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Finds the apiserver as programs in pods do: by variables and the mounted service account. */
final class InCluster {
  private static final Path MOUNT = Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

  private InCluster() {}

  /**
   * Returns a configuration whose token and authorities are followed on disk.
   *
   * @throws IOException when this is no pod, or its files can't be read
   */
  static ClientConfig config(Map<String, String> environment) throws IOException {
    var host = environment.getOrDefault("KUBERNETES_SERVICE_HOST", "");
    var port = environment.getOrDefault("KUBERNETES_SERVICE_PORT", "");
    if (host.isEmpty() || port.isEmpty()) {
      throw new IOException(
          "must be given outside of a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT"
              + " are not set");
    }
    var server = "https://" + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    var kubeconfig =
        Kubeconfig.of(
            "cluster",
            new Kubeconfig.Cluster(server, MOUNT.resolve("ca.crt"), null, null, false),
            "pod",
            new Kubeconfig.User(null, null, null, null, null, MOUNT.resolve("token")));
    // It names files and holds no secret; what follows them starts from a file.
    var file = Files.createTempFile("hubspoke-in-cluster", ".kubeconfig");
    Component.atEnd(() -> delete(file));
    kubeconfig.write(file);
    return ClientConfig.read(file);
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // The process ends; there is no secret in it.
    }
  }
}
