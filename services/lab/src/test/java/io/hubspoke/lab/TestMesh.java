package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/** A mesh for the tests of one class, and what they do with it. */
final class TestMesh {
  static final String NAMESPACE = "default";
  private static final Duration READY = Duration.ofSeconds(60);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Vertx vertx = Component.vertx();
  private final Path directory;
  private final Mesh mesh;

  private TestMesh(MeshOptions options) throws Exception {
    this.directory = options.directory();
    this.mesh = awaitFree(options);
    mesh.awaitReady(READY);
  }

  static TestMesh start(Path directory, int nodes) throws Exception {
    return start(directory, nodes, Posture.DEFAULT, Changes.NONE);
  }

  /** The same with kubelets that are changed. */
  static TestMesh start(Path directory, int nodes, UnaryOperator<KubeletOptions.Builder> kubelet)
      throws Exception {
    return start(directory, nodes, Posture.DEFAULT, Changes.NONE.withKubelet(kubelet));
  }

  /** Starts a mesh and waits until its nodes are ready. */
  static TestMesh start(Path directory, int nodes, Posture posture, Changes changes)
      throws Exception {
    return start(new MeshOptions(directory, nodes, posture, changes));
  }

  /** Starts a mesh and waits until its nodes are ready. */
  static TestMesh start(MeshOptions options) throws Exception {
    return new TestMesh(options);
  }

  /** Other classes run meshes too, and there are addresses for a few only. */
  private Mesh awaitFree(MeshOptions options) throws Exception {
    return Await.until(
        "free addresses for a mesh",
        () -> {
          try {
            return Mesh.start(vertx, options);
          } catch (IOException taken) {
            return null;
          }
        },
        Objects::nonNull);
  }

  Mesh mesh() {
    return mesh;
  }

  Vertx vertx() {
    return vertx;
  }

  /** Returns the administrator's kubectl. */
  Kubectl kubectl(Path binary) throws IOException {
    return new Kubectl(
        binary,
        directory.resolve("admin.kubeconfig"),
        Files.createDirectories(directory.resolve("home-" + binary.getFileName())));
  }

  /** Returns the newest kubectl. */
  Kubectl kubectl() throws IOException {
    return kubectl(Kubectl.versions().getLast());
  }

  /** Creates a pod of one container that the scheduler finds a node for. */
  void pod(String name, String restartPolicy, String image, String... args) throws Exception {
    ObjectNode pod = pod(name, restartPolicy);
    container(pod, "main", image, args);
    create(pod);
  }

  static ObjectNode pod(String name, String restartPolicy) {
    ObjectNode pod = Json.object().put("apiVersion", "v1").put("kind", "Pod");
    pod.putObject("metadata").put("name", name).put("namespace", NAMESPACE);
    pod.putObject("spec")
        .put("restartPolicy", restartPolicy)
        .put("terminationGracePeriodSeconds", 1)
        .putArray("containers");
    return pod;
  }

  static void container(ObjectNode pod, String name, String image, String... args) {
    ObjectNode container = pod.withArray("/spec/containers").addObject();
    container.put("name", name).put("image", image);
    List.of(args).forEach(container.putArray("args")::add);
  }

  void create(ObjectNode pod) throws Exception {
    Await.result(mesh.admin().create(Resource.PODS.tree(), NAMESPACE, pod));
  }

  JsonNode status(String pod) throws Exception {
    return Await.result(mesh.admin().get(Resource.PODS.tree(), NAMESPACE, pod)).path("status");
  }

  /** Waits until a pod is in a phase. */
  void untilPhase(String pod, String phase) throws Exception {
    Await.until(
        pod + " is " + phase, () -> status(pod), s -> s.path("phase").asText().equals(phase));
  }

  /** Waits until a pod's first container waits for this reason. */
  void untilWaiting(String pod, String reason) throws Exception {
    Await.until(
        pod + " waits: " + reason,
        () -> status(pod),
        s -> s.at("/containerStatuses/0/state/waiting/reason").asText().equals(reason));
  }

  /** Puts a service on port 80 before the pods with this label, and returns its address. */
  String service(String name, String app) throws Exception {
    var service = Json.object().put("apiVersion", "v1").put("kind", "Service");
    service.putObject("metadata").put("name", name).put("namespace", NAMESPACE);
    var spec = service.putObject("spec");
    spec.putObject("selector").put("app", app);
    spec.putArray("ports").addObject().put("port", 80).put("targetPort", 8080);
    return Await.result(mesh.admin().create(Resource.SERVICES.tree(), NAMESPACE, service))
        .at("/spec/clusterIP")
        .asText();
  }

  /** Creates a pod that answers with its name, found by this label. */
  void echo(String name, String app) throws Exception {
    var pod = pod(name, "Always");
    container(pod, "main", "hubspoke/echo");
    ((ObjectNode) pod.path("metadata")).putObject("labels").put("app", app);
    create(pod);
  }

  /** Asks a pod or service over HTTP as a node does; empty when nobody answers. */
  String ask(String node, String address, int port) {
    var from = InetAddress.ofLiteral(mesh.nodes().get(node).advertises());
    try (var socket = new Socket(InetAddress.ofLiteral(address), port, from, 0)) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: any\r\nConnection: close\r\n\r\n".getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException gone) {
      return "";
    }
  }

  void stop() throws Exception {
    mesh.stop();
    Mesh.close(vertx);
  }
}
