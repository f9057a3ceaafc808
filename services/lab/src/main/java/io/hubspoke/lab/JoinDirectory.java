package io.hubspoke.lab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.lab.join.ClusterInfo;
import io.hubspoke.lab.join.JoinToken;
import io.hubspoke.lab.join.KubeletConfig;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.DirectoryTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where a node that joins keeps its files. A node that has joined comes back with what is there;
 * one that has not leaves nothing.
 */
final class JoinDirectory implements AutoCloseable {
  private static final String FACTS = "joined.json";

  /**
   * What a node remembers of its cluster.
   *
   * @param server that it joined
   */
  record Facts(
      String nodeName, String server, String address, String podCidr, KubeletConfig kubelet) {
    private ObjectNode json() {
      var json =
          Json.object()
              .put("nodeName", nodeName)
              .put("server", server)
              .put("nodeIP", address)
              .put("podCIDR", podCidr);
      json.put("kubelet", kubelet.yaml());
      return json;
    }
  }

  private final Path path;
  private final boolean made;
  private final DirectoryLock lock;
  private boolean joined;

  private JoinDirectory(Path path, boolean made, DirectoryLock lock) {
    this.path = path;
    this.made = made;
    this.lock = lock;
  }

  /** Returns what a node that has joined remembers; null when none has, or it was not let in. */
  static Facts facts(Path path) throws IOException {
    var file = path.resolve(FACTS);
    if (!Files.exists(file) || !Files.exists(path.resolve("kubelet.kubeconfig"))) {
      return null;
    }
    var json = Json.parseObject(Files.readAllBytes(file));
    return new Facts(
        json.path("nodeName").asText(),
        json.path("server").asText(),
        json.path("nodeIP").asText(),
        json.path("podCIDR").asText(),
        KubeletConfig.parse(json.path("kubelet").asText()));
  }

  /** Makes the directory if need be, and holds it against others. */
  static JoinDirectory open(Path path) throws IOException {
    boolean made = !Files.exists(path);
    return new JoinDirectory(path, made, DirectoryLock.of(path));
  }

  /** Writes what the node is let in with. */
  void write(Facts facts, ClusterInfo cluster, JoinToken token) throws IOException {
    Files.createDirectories(authority().getParent());
    AtomicFile.writePublic(authority(), Pem.encode(cluster.authorities()));
    AtomicFile.writePrivate(path.resolve(FACTS), facts.json().toString());
    Kubeconfig.of(
            "kubernetes",
            cluster.cluster(),
            "tls-bootstrap-token-user",
            Kubeconfig.User.ofToken(token.value()))
        .write(bootstrapKubeconfig());
  }

  /** Forgets the token: from now on the node has a certificate. */
  void joined() throws IOException {
    joined = true;
    Files.deleteIfExists(bootstrapKubeconfig());
  }

  /** Leaves nothing of a node that was not let in, unless it had been in before. */
  void abandon() throws IOException {
    Files.deleteIfExists(bootstrapKubeconfig());
    if (!joined && !Files.exists(path.resolve("kubelet.kubeconfig"))) {
      DirectoryTree.delete(path);
      if (!made) {
        Files.createDirectory(path);
      }
    }
  }

  Path authority() {
    return path.resolve("pki").resolve("ca.crt");
  }

  Path bootstrapKubeconfig() {
    return path.resolve("bootstrap-kubelet.kubeconfig");
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
