package io.hubspoke.lab;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.KubeProxyMode;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.audit.Audit;
import io.hubspoke.lab.audit.Route;
import io.hubspoke.lab.audit.Row;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.DirectoryTree;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Measures routes of the deployment in whose cluster this runs, between its containers. */
final class DeploymentAudit {
  private static final Meshes.Kind KIND = new Meshes.Kind(Posture.DEFAULT, Egress.DIRECT);
  private static final List<String> MEASURED =
      List.of("N1", "N2", "N6", "N7", "C1", "C2", "C3", "C4k", "C7c");
  private static final String IN_PODS =
      "an in-process pod is on its node's own loopback, where no wire can stand";
  private static final String FLAGS = "the deployment's components would need other flags";
  private static final List<String> NODE_GROUPS = List.of("system:nodes");
  private static final Duration LIFE = Duration.ofDays(1);

  /** Why the other routes are not measured there. */
  private static final Map<String, String> ELSEWHERE = elsewhere();

  private final DeploymentSite.Namespaces namespaces;
  private final String image;
  private final Consumer<String> progress;

  /**
   * Measures what is in these namespaces.
   *
   * @param image that nodes run which the audit adds
   */
  DeploymentAudit(DeploymentSite.Namespaces namespaces, String image, Consumer<String> progress) {
    this.namespaces = namespaces;
    this.image = image;
    this.progress = progress;
  }

  private static Map<String, String> elsewhere() {
    var why = new LinkedHashMap<String, String>();
    why.put("N3, N4, C5, C5s, C6, C6s, W1", IN_PODS);
    why.put("N5", "kube-proxy and kubelet call from one address, and can't be told apart");
    why.put("N8", "a second apiserver would be needed, which lets anonymous requests in");
    why.put("N9, N9k", "what a scan finds there is the surrounding cluster's doing");
    why.put("N10", "the apiserver's files are a Secret, which its kubelet takes over in its time");
    why.put("C1v, C2v, C3v, C4kv, C7, N11, N11c and all of ssh, grpc, connect", FLAGS);
    why.put("C4, C4s", "the audit's nodes have one port that a wire stands before");
    return why;
  }

  /** Tells which routes are not measured here, and why. */
  static Map<String, String> notMeasured() {
    return ELSEWHERE;
  }

  /** Returns whether a route can be measured between the containers. */
  static boolean measures(Route route) {
    return route.mesh().equals(KIND) && MEASURED.contains(route.id());
  }

  /** Measures; the deployment is as it was before once it returns. */
  List<Row> run(List<Route> routes) throws Exception {
    var vertx = Component.vertx();
    var directory = Files.createTempDirectory("hubspoke-audit-");
    try {
      var outer = new ApiClient(vertx, ClientConfig.inCluster().withUserAgent("hubspoke-audit"));
      fetchAuthorities(outer, directory);
      var addresses = DeployedAddresses.find(namespaces.controlPlane());
      progress.accept("the apiserver is %s".formatted(addresses.apiserver()));
      var pods =
          new NodePods(
              outer,
              namespaces.nodes(),
              image,
              directory,
              Map.entry(variable("POD_NAME"), variable("POD_UID")),
              Map.entry(addresses.apiserverName(), addresses.nodesUplink()));
      var site =
          new DeploymentSite(
              vertx, outer, namespaces, addresses, pods, directory, () -> administrator(directory));
      return measure(vertx, site, directory, routes);
    } finally {
      Mesh.close(vertx);
      DirectoryTree.delete(directory);
    }
  }

  private List<Row> measure(Vertx vertx, DeploymentSite site, Path directory, List<Route> routes)
      throws Exception {
    var changes =
        Changes.NONE.withNodeCluster(
            cluster ->
                new Kubeconfig.Cluster(
                    site.addresses().apiserverUrl(),
                    cluster.certificateAuthority(),
                    cluster.certificateAuthorityData(),
                    cluster.tlsServerName(),
                    cluster.insecureSkipTlsVerify()));
    var options = new MeshOptions(directory, 1, Posture.DEFAULT, changes).with(KubeProxyMode.NONE);
    progress.accept("scheduler and controller manager get another way to the apiserver");
    try {
      site.divert();
      progress.accept("node-1 joins, in a pod of its own");
      var node = CertificateProfile.client("system:node:node-1", NODE_GROUPS, LIFE);
      var mesh = Mesh.attach(vertx, options, site, Map.of("node-1", node));
      try {
        mesh.awaitReady(Duration.ofMinutes(2));
        return new Audit(Meshes.of(KIND, mesh), progress).run(routes);
      } finally {
        end(mesh, site);
      }
    } finally {
      site.close();
    }
  }

  /**
   * What others depend on first: the rest may take minutes, which this process may not be given.
   */
  private static void end(Mesh mesh, DeploymentSite site) throws Exception {
    try {
      site.restore();
    } finally {
      try {
        mesh.removeNode("node-1");
      } finally {
        mesh.stop();
      }
    }
  }

  /** The authorities that the certs Job keeps: the audit makes its own identities with them. */
  private void fetchAuthorities(ApiClient outer, Path directory) throws Exception {
    var secret =
        Component.await(
            outer.get(Resource.SECRETS.tree(), namespaces.controlPlane(), ClusterSecrets.KEPT));
    Files.createDirectories(directory.resolve("pki"));
    for (var file :
        List.of(
            "ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "sa.key", "sa.pub")) {
      var value = secret.path("data").path(file).asText();
      if (value.isEmpty()) {
        throw new IOException("secret " + ClusterSecrets.KEPT + " has no " + file);
      }
      AtomicFile.writePrivate(
          directory.resolve("pki").resolve(file),
          new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8));
    }
  }

  private static Identity administrator(Path directory) {
    try {
      return Kubeconfig.read(directory.resolve("admin.kubeconfig"))
          .user()
          .identity()
          .orElseThrow(() -> new IOException("no administrator's certificate"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String variable(String name) throws IOException {
    var value = System.getenv(name);
    if (value == null) {
      throw new IOException(name + " is not set: this runs in no pod of the audit's Job");
    }
    return value;
  }
}
