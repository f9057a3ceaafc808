package io.hubspoke.lab.images;

import io.hubspoke.kubelet.runtime.MountedFiles;
import io.hubspoke.pki.Kubeconfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads the kubeconfig of a pod that runs in this process, where its paths are the container's: a
 * file that it names counts only when it is in one of the pod's mounts, since this process could
 * read any of the machine's.
 */
final class PodKubeconfig {
  private static final String DEFAULT = "default";

  private final MountedFiles files;

  PodKubeconfig(MountedFiles files) {
    this.files = files;
  }

  /**
   * Returns what a file in the container says, with the paths that this process has for it.
   *
   * @throws IOException when it, or a file that it names, is not in the container
   * @throws IllegalArgumentException when it is malformed
   */
  Kubeconfig read(String path) throws IOException {
    Kubeconfig said;
    try {
      said = Kubeconfig.parse(Files.readString(files.file(path)), Path.of(path).getParent());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(path + ": " + e.getMessage(), e);
    }
    var cluster = said.cluster();
    var user = said.user();
    return Kubeconfig.of(
        DEFAULT,
        new Kubeconfig.Cluster(
            cluster.server(),
            onHost(cluster.certificateAuthority()),
            cluster.certificateAuthorityData(),
            cluster.tlsServerName(),
            cluster.insecureSkipTlsVerify()),
        DEFAULT,
        new Kubeconfig.User(
            onHost(user.clientCertificate()),
            user.clientCertificateData(),
            onHost(user.clientKey()),
            user.clientKeyData(),
            user.token(),
            onHost(user.tokenFile())));
  }

  private Path onHost(Path inContainer) throws IOException {
    return inContainer == null ? null : files.file(inContainer.toString());
  }
}
