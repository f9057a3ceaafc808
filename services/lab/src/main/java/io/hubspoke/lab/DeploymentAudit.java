package io.hubspoke.lab;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Resource;
import io.hubspoke.konnectivity.agent.KonnectivityAgentOptions;
import io.hubspoke.konnectivity.agent.ServerAccess;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.KubeProxyMode;
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
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Measures routes of the deployment in whose cluster this runs, between its containers. */
final class DeploymentAudit {
  private static final List<String> NODE_GROUPS = List.of("system:nodes");
  private static final Duration LIFE = Duration.ofDays(1);
  private static final String NODE = "node-1";
  private static final String SSH_KEY = "id_ed25519";

  private final Vertx vertx;
  private final DeploymentSite.Namespaces namespaces;
  private final String image;
  private final Consumer<String> progress;

  /**
   * Measures what is in these namespaces.
   *
   * @param image that nodes run which the audit adds
   */
  DeploymentAudit(
      Vertx vertx, DeploymentSite.Namespaces namespaces, String image, Consumer<String> progress) {
    this.vertx = vertx;
    this.namespaces = namespaces;
    this.image = image;
    this.progress = progress;
  }

  /** Looks at what runs. */
  DeployedRoutes look() throws Exception {
    var outer = outer();
    try {
      var kind = DeployedKind.read(outer, namespaces.controlPlane());
      progress.accept("the deployment is %s".formatted(kind));
      return new DeployedRoutes(kind);
    } finally {
      Component.await(outer.close());
    }
  }

  /** Measures; the deployment is as it was before once it returns. */
  List<Row> run(List<DeployedRoutes.Pass> passes) throws Exception {
    var rows = new ArrayList<Row>();
    for (var pass : passes) {
      var directory = Files.createTempDirectory("hubspoke-audit-");
      try {
        rows.addAll(run(pass, directory));
      } finally {
        DirectoryTree.delete(directory);
      }
    }
    return rows;
  }

  private ApiClient outer() throws IOException {
    return new ApiClient(vertx, ClientConfig.inCluster().withUserAgent("hubspoke-audit"));
  }

  private List<Row> run(DeployedRoutes.Pass pass, Path directory) throws Exception {
    var outer = outer();
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
            Map.of(
                addresses.apiserverName(),
                addresses.nodesUplink(),
                addresses.konnectivityName(),
                addresses.konnectivityUplink()));
    var site =
        new DeploymentSite(
            vertx, outer, namespaces, addresses, pods, directory, () -> administrator(directory));
    try {
      if (pass.routes().stream().anyMatch(route -> route.id().equals("N6"))) {
        progress.accept("scheduler and controller manager get another way to the apiserver");
        site.divert();
      }
      return measure(site, pass, directory);
    } finally {
      site.close();
    }
  }

  private List<Row> measure(DeploymentSite site, DeployedRoutes.Pass pass, Path directory)
      throws Exception {
    var options =
        new MeshOptions(directory, 1, pass.kind().posture(), changes(site.deployedAddresses()))
            .with(pass.kind().egress())
            .with(KubeProxyMode.NONE)
            .withWiredPods();
    progress.accept("%s joins, in a pod of its own".formatted(NODE));
    var node = CertificateProfile.client("system:node:" + NODE, NODE_GROUPS, LIFE);
    var mesh = Mesh.attach(vertx, options, site, Map.of(NODE, node));
    try {
      mesh.awaitReady(Duration.ofMinutes(2));
      var rows = new ArrayList<Row>();
      // One after the other: whatever mesh a route is measured on elsewhere, here it is this one.
      for (var kind : pass.routes().stream().map(Route::mesh).distinct().toList()) {
        var ofKind = pass.routes().stream().filter(route -> route.mesh().equals(kind)).toList();
        rows.addAll(new Audit(Meshes.of(kind, mesh), progress).run(ofKind));
      }
      return rows;
    } finally {
      end(mesh, site);
    }
  }

  /** What nodes are told that are pods: names for what is behind wires, and no addresses of own. */
  private static Changes changes(DeployedAddresses addresses) {
    return Changes.NONE
        .withNodeCluster(
            cluster ->
                new Kubeconfig.Cluster(
                    addresses.apiserverUrl(),
                    cluster.certificateAuthority(),
                    cluster.certificateAuthorityData(),
                    cluster.tlsServerName(),
                    cluster.insecureSkipTlsVerify()))
        .with(
            TunnelChanges.NONE
                .withSshd(sshd -> sshd.withSourceAddress(null))
                .withAgent(
                    agent -> {
                      var server = agent.server();
                      var named =
                          ServerAccess.of(
                                  addresses.konnectivityName(), server.port(), server.caCert())
                              .withCertificate(server.agentCert(), server.agentKey())
                              .withToken(server.serviceAccountTokenPath());
                      return KonnectivityAgentOptions.of(agent.agentId(), named)
                          .withIdentifiers(agent.agentIdentifiers())
                          .withSyncing(agent.syncing())
                          .withDialling(agent.dialling().withLocalAddress(null));
                    }));
  }

  /**
   * What others depend on first: the rest may take minutes, which this process may not be given.
   */
  private static void end(Mesh mesh, DeploymentSite site) throws Exception {
    try {
      site.restore();
    } finally {
      try {
        mesh.removeNode(NODE);
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
    var pki = directory.resolve("pki");
    Files.createDirectories(pki.resolve("ssh"));
    for (var file :
        List.of(
            "ca.crt",
            "ca.key",
            "front-proxy-ca.crt",
            "front-proxy-ca.key",
            "konnectivity-agent-ca.crt",
            "konnectivity-agent-ca.key",
            "sa.key",
            "sa.pub",
            SSH_KEY)) {
      var value = secret.path("data").path(file).asText();
      if (value.isEmpty()) {
        throw new IOException("secret " + ClusterSecrets.KEPT + " has no " + file);
      }
      AtomicFile.writePrivate(
          (file.equals(SSH_KEY) ? pki.resolve("ssh") : pki).resolve(file),
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
