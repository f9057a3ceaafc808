package io.hubspoke.lab.controlplane;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.AddressRange;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.Apiserver;
import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.ControllerManager;
import io.hubspoke.controllermanager.ControllerManagerOptions;
import io.hubspoke.controllermanager.certificates.KubeletServingRanges;
import io.hubspoke.controllermanager.nodes.PodGarbageOptions;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.hubspoke.scheduler.Scheduler;
import io.hubspoke.scheduler.SchedulerOptions;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.function.UnaryOperator;

/** An apiserver with its controller manager and scheduler, over HTTPS on a free port. */
final class ControlPlane {
  static final Resource<ObjectNode> CSRS = Resource.CERTIFICATE_SIGNING_REQUESTS.tree();
  static final Resource<ObjectNode> NODES = Resource.NODES.tree();
  static final Resource<ObjectNode> PODS = Resource.PODS.tree();

  final CertificateAuthority authority =
      CertificateAuthority.create("kubernetes", Duration.ofDays(1));
  final ApiClient admin;

  /** Between the controller manager and the apiserver. */
  final Wire controllersUplink;

  private final Vertx vertx = Component.vertx();
  private final String server;

  /** Starts one that takes nodes for lost which are silent for longer than the grace period. */
  ControlPlane(Path dir, Duration grace) throws Exception {
    this(dir, grace, options -> options);
  }

  /** Starts one whose apiserver runs with other options. */
  ControlPlane(Path dir, Duration grace, UnaryOperator<ApiserverOptions> changed) throws Exception {
    var caFile = dir.resolve("ca.crt");
    var caKey = dir.resolve("ca.key");
    authority.write(caFile, caKey);
    Pem.writePrivateKey(dir.resolve("sa.key"), KeyPairs.generate().getPrivate());
    var certificate = dir.resolve("apiserver.crt");
    var key = dir.resolve("apiserver.key");
    authority
        .issueServer("kube-apiserver", SubjectAltNames.of("127.0.0.1"), Duration.ofHours(1))
        .write(certificate, key);
    var apiserver =
        new Apiserver(
            changed.apply(
                ApiserverOptions.secure(
                    new ApiserverOptions.Serving("127.0.0.1", 0, certificate, key), caFile)));
    Await.result(vertx.deployVerticle(apiserver));
    server = "https://127.0.0.1:" + apiserver.port();
    admin = client("kubernetes-admin", "system:masters");
    controllersUplink =
        Await.result(
            Wire.open(
                vertx,
                SocketAddress.inetSocketAddress(0, "127.0.0.1"),
                SocketAddress.inetSocketAddress(apiserver.port(), "127.0.0.1")));
    var controllers =
        config(identity("system:kube-controller-manager"))
            .withServer(URI.create("https://127.0.0.1:" + controllersUplink.address().port()));
    Await.result(
        vertx.deployVerticle(
            new ControllerManager(
                ControllerManagerOptions.of(controllers)
                    .withClusterSigning(caFile, caKey, Duration.ofHours(10))
                    .withRootCaFile(caFile)
                    .withServiceAccountPrivateKeyFile(dir.resolve("sa.key"))
                    .withKubeletServing(
                        new KubeletServingRanges(
                            List.of(AddressRange.parse("127.0.0.0/8")),
                            List.of(AddressRange.parse("127.96.0.0/16"))))
                    .withNodeMonitor(Duration.ofMillis(100), grace)
                    .withPodGarbage(
                        new PodGarbageOptions(
                            0, Duration.ofMillis(200), Duration.ofSeconds(40))))));
    Await.result(
        vertx.deployVerticle(
            new Scheduler(SchedulerOptions.of(config(identity("system:kube-scheduler"))))));
  }

  /** Returns a client with a certificate of the cluster. */
  ApiClient client(String user, String... groups) {
    return new ApiClient(vertx, config(identity(user, groups)));
  }

  /** Returns what a component with a certificate of the cluster is told of the apiserver. */
  ClientConfig config(String user, String... groups) {
    return config(identity(user, groups));
  }

  Identity identity(String user, String... groups) {
    return authority.issueClient(user, List.of(groups), Duration.ofHours(1));
  }

  ClientConfig config(Identity identity) {
    return ClientConfig.of(
        server, List.of(authority.certificate()), new Credentials.Certificate(identity));
  }

  /** Creates a node that is ready, with 2 CPUs. */
  void node(String name) throws Exception {
    node(name, "127.10.0.1");
  }

  /** Creates a node that is ready and reports this address, with 2 CPUs. */
  void node(String name, String address) throws Exception {
    Await.result(admin.create(NODES, "", readyNode(name, address)));
  }

  /** Creates a ready node on which nothing new may be scheduled. */
  void cordonedNode(String name) throws Exception {
    var node = readyNode(name, "127.10.0.1");
    node.putObject("spec").put("unschedulable", true);
    Await.result(admin.create(NODES, "", node));
  }

  /** Says that a node is alive. */
  void renewLease(String node) throws Exception {
    renewLease(node, Instant.now());
  }

  /** The same of a node whose clock shows another time. */
  void renewLease(String node, Instant shown) throws Exception {
    var leases = Resource.LEASES.tree();
    var now =
        DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'")
            .withZone(ZoneOffset.UTC)
            .format(shown);
    var lease =
        json(
            """
            {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
             "metadata": {"name": "%s", "namespace": "kube-node-lease"},
             "spec": {"holderIdentity": "%s", "leaseDurationSeconds": 40, "renewTime": "%s"}}
            """
                .formatted(node, node, now));
    try {
      Await.result(admin.patch(leases, "kube-node-lease", node, PatchType.MERGE, lease));
    } catch (ApiException none) {
      Await.result(admin.create(leases, "kube-node-lease", lease));
    }
  }

  private static ObjectNode readyNode(String name, String address) {
    return json(
        """
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "%s"},
             "status": {
               "addresses": [{"type": "InternalIP", "address": "%s"}],
               "allocatable": {"cpu": "2", "memory": "1Gi", "pods": "10"},
               "capacity": {"cpu": "2", "memory": "1Gi", "pods": "10"},
               "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady",
                 "lastHeartbeatTime": "2026-01-01T00:00:00Z"}]}}
            """
            .formatted(name, address));
  }

  static ObjectNode json(String text) {
    return Json.parseObject(text.getBytes(StandardCharsets.UTF_8));
  }

  void close() throws Exception {
    Await.result(vertx.close());
  }
}
