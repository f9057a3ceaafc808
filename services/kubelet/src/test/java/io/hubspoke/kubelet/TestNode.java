package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.kubelet.server.Access;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;

/** A kubelet beside a fake apiserver. */
final class TestNode {
  static final String PODS = "/api/v1/namespaces/default/pods/";

  final Vertx vertx = Component.vertx();
  final FakeApiserver apiserver;
  final Path directory;
  final String ip;
  final List<Access> accesses = new CopyOnWriteArrayList<>();
  Kubelet kubelet;

  TestNode(Path directory, String ip) throws Exception {
    this.directory = directory;
    this.ip = ip;
    this.apiserver = new FakeApiserver(vertx);
  }

  /** Starts a kubelet that has its credentials already. */
  TestNode start(UnaryOperator<KubeletOptions.Builder> change) throws Exception {
    return start(Duration.ofDays(1), change);
  }

  /** Starts a kubelet that has credentials already for so long. */
  TestNode start(Duration validity, UnaryOperator<KubeletOptions.Builder> change) throws Exception {
    Identity identity =
        apiserver.authority.issueClient("system:node:n1", List.of("system:nodes"), validity);
    Kubeconfig.of(
            "c",
            Kubeconfig.Cluster.trusting(apiserver.url(), apiserver.authority.certificate()),
            "n1",
            Kubeconfig.User.of(identity))
        .write(directory.resolve("kubelet.kubeconfig"));
    Path ca = directory.resolve("ca.crt");
    Pem.writeCertificates(ca, List.of(apiserver.authority.certificate()));
    kubelet =
        new Kubelet(
            change
                .apply(
                    KubeletOptions.node("n1", ip, directory)
                        .port(0)
                        .clientCaFile(ca)
                        .anonymousAuth(false)
                        .accessListener(accesses::add)
                        .crashLoopBackOff(Duration.ofMillis(300), Duration.ofSeconds(2)))
                .build());
    Await.result(vertx.deployVerticle(kubelet));
    Await.result(kubelet.ready());
    return this;
  }

  void stop() throws Exception {
    Await.result(vertx.close());
  }

  /** Binds a pod of one container to the node. */
  void pod(String name, String image, UnaryOperator<ObjectNode> change, String... args) {
    ObjectNode pod = Json.object().put("kind", "Pod").put("apiVersion", "v1");
    pod.putObject("metadata").put("name", name).put("namespace", "default");
    ObjectNode spec = pod.putObject("spec").put("nodeName", "n1").put("restartPolicy", "Always");
    spec.put("terminationGracePeriodSeconds", 1);
    ObjectNode container = spec.putArray("containers").addObject().put("name", "main");
    container.put("image", image);
    List.of(args).forEach(container.putArray("args")::add);
    apiserver.put(PODS + name, change.apply(pod));
  }

  JsonNode status(String name) {
    return apiserver.get(PODS + name).path("status");
  }

  JsonNode container(String name) {
    return status(name).path("containerStatuses").path(0);
  }

  /** Deletes as the apiserver does with a grace period: the kubelet finishes it. */
  void delete(String name, int grace) {
    ObjectNode pod = apiserver.get(PODS + name);
    ObjectNode metadata = (ObjectNode) pod.path("metadata");
    metadata.put("deletionTimestamp", "2026-01-01T00:00:00Z");
    metadata.put("deletionGracePeriodSeconds", grace);
    apiserver.put(PODS + name, pod);
  }

  List<String> events() {
    return apiserver.list("/api/v1/namespaces/default/events/").stream()
        .map(e -> e.path("reason").asText() + ": " + e.path("message").asText())
        .toList();
  }
}
