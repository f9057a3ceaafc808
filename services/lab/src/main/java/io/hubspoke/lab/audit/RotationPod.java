package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.images.ApiClientImage;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.RemoteCommand;
import io.vertx.core.Promise;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What all routes lead to while certificates are replaced: a pod that writes a log, repeats what it
 * is told, serves a page and asks the apiserver with the token in its mount; and a service before
 * the page.
 *
 * @param node where it is
 * @param asks whether it asks the apiserver
 * @param wire to the page, where pods listen behind wires; null elsewhere
 */
record RotationPod(
    Mesh mesh,
    String name,
    String node,
    String clusterIp,
    boolean asks,
    PodFiles files,
    Wire wire) {
  /** The container that writes a line now and then. */
  static final String LOG = Workload.container();

  /** The container that repeats what it is told. */
  static final String CAT = "cat";

  /** The container that asks the apiserver. */
  static final String CLIENT = "client";

  static final int PORT = 8080;
  private static final int SERVICE_PORT = 80;
  private static final int PATIENCE_MILLIS = 20_000;

  /**
   * Starts it, and waits until all of it serves.
   *
   * @param node empty to leave the choice to the scheduler
   * @param asks whether it asks the apiserver; its token ends before it does when it is deleted
   */
  static RotationPod start(Mesh mesh, String node, String name, boolean asks) throws Exception {
    try {
      return create(mesh, node, name, asks);
    } catch (Exception e) {
      delete(mesh, name);
      throw e;
    }
  }

  private static RotationPod create(Mesh mesh, String node, String name, boolean asks)
      throws Exception {
    var workload = new Workload(mesh);
    var described = describe(name, node, asks);
    // As pages: see there.
    described.withObject("/spec").put("hostNetwork", mesh.deployed());
    workload.create(described);
    var service =
        Component.await(
            mesh.admin().create(Resource.SERVICES.tree(), Workload.NAMESPACE, service(name)));
    if (!workload.runs(name)) {
      throw new IOException("pod " + name + " doesn't run");
    }
    var pod = workload.pod(name);
    var on = pod.at("/spec/nodeName").asText();
    var started =
        new RotationPod(
            mesh,
            name,
            on,
            service.at("/spec/clusterIP").asText(),
            asks,
            new PodFiles(mesh, on, Workload.NAMESPACE, name, pod.at("/metadata/uid").asText()),
            wire(mesh, pod));
    var answer = Checks.eventually(Checks.PATIENCE, started::tryPage, String::isEmpty);
    if (!answer.isEmpty()) {
      throw new IOException("service " + name + " doesn't answer: " + answer);
    }
    // Where the apiserver verifies kubelets, the node's may wait for its serving certificate.
    var log = Checks.eventually(Checks.PATIENCE, started::tryLog, String::isEmpty);
    if (!log.isEmpty()) {
      throw new IOException("the kubelet of " + on + " doesn't answer: " + log);
    }
    return started;
  }

  private static ObjectNode describe(String name, String node, boolean asks) {
    var pod =
        Workload.describe(name, "hubspoke/ticker", List.of("--interval=100ms", "--message=line"));
    pod.withObject("/metadata/labels").put("app", name);
    if (!node.isEmpty()) {
      pod.withObject("/spec").put("nodeName", node);
    }
    var containers = pod.withObject("/spec").withArray("containers");
    var cat = containers.addObject().put("name", CAT).put("image", "hubspoke/shell");
    cat.put("stdin", true).putArray("command").add("cat");
    var web = containers.addObject().put("name", "web").put("image", "hubspoke/echo");
    web.putArray("args").add("--port=" + PORT);
    if (asks) {
      var client = containers.addObject().put("name", CLIENT).put("image", ApiClientImage.NAME);
      client.putArray("args").add("--whoami").add("--interval=100ms");
    }
    return pod;
  }

  private static ObjectNode service(String name) {
    var service = Json.object().put("apiVersion", "v1").put("kind", "Service");
    service.putObject("metadata").put("name", name);
    var spec = service.putObject("spec");
    spec.putObject("selector").put("app", name);
    var port = spec.putArray("ports").addObject();
    port.put("name", "web").put("port", SERVICE_PORT).put("targetPort", PORT);
    return service;
  }

  private static Wire wire(Mesh mesh, JsonNode pod) throws Exception {
    if (!mesh.options().wiredPods()) {
      return null;
    }
    var ip = pod.at("/status/podIP").asText();
    return Component.await(
        mesh.wire(
            SocketAddress.inetSocketAddress(PORT, ip),
            SocketAddress.inetSocketAddress(PORT, mesh.addresses().listensBehind(ip))));
  }

  /** Returns the URL of what streams to and from a container. */
  String stream(String what, String container, RemoteCommand streams) {
    return "%s/%s&container=%s&stdin=%s&stdout=%s&stderr=%s&tty=%s"
        .formatted(
            Workload.url(mesh, name),
            what,
            container,
            streams.stdin(),
            streams.stdout(),
            streams.stderr(),
            streams.tty());
  }

  /** Returns the path of the log. */
  String log() {
    return Resource.PODS.path(Workload.NAMESPACE, name) + "/log?container=" + LOG;
  }

  /** Returns the path of the page by the apiserver's proxy. */
  String proxied(ProxyTarget target) {
    return switch (target) {
      case NODE -> target.path(node) + "/healthz";
      case POD -> target.path(name + ":" + PORT) + "/by-proxy";
      case SERVICE -> target.path(name + ":web") + "/by-proxy";
    };
  }

  /** Whether its node has a kube-proxy; and who is on a node has its virtual addresses. */
  boolean forwarded() {
    return !mesh.deployed();
  }

  /** Asks for the page at the service's virtual address, over a connection of its own. */
  void page() throws Exception {
    var place = mesh.at(node);
    place.call(() -> page(place.address()));
  }

  private Void page(String from) throws IOException {
    try (var socket = new Socket()) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
      socket.connect(
          new InetSocketAddress(InetAddress.ofLiteral(clusterIp), SERVICE_PORT), PATIENCE_MILLIS);
      socket
          .getOutputStream()
          .write(
              "GET /page HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.UTF_8));
      var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!answer.startsWith("HTTP/1.1 200") || !answer.contains(name)) {
        throw new IOException("answered \"" + answer + "\"");
      }
      return null;
    }
  }

  private String tryPage() throws Exception {
    if (!forwarded()) {
      return answered(proxied(ProxyTarget.SERVICE));
    }
    try {
      page();
      return "";
    } catch (IOException e) {
      return Component.reason(e);
    }
  }

  private String tryLog() throws InterruptedException {
    return answered(log());
  }

  /** Asks the apiserver; returns nothing, or why that failed. */
  private String answered(String path) throws InterruptedException {
    try {
      Component.await(mesh.admin().raw(path));
      return "";
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      return Component.reason(e);
    }
  }

  /** Opens a connection to the page by the virtual address, which stays. */
  Conversation connect() throws Exception {
    var place = mesh.at(node);
    var context = ((VertxInternal) place.vertx()).createEventLoopContext();
    var opened = Promise.<Conversation>promise();
    // Vert.x closes a client that nobody holds any more.
    var client =
        place.vertx().createNetClient(new NetClientOptions().setLocalAddress(place.address()));
    context.runOnContext(
        v ->
            client
                .connect(SERVICE_PORT, clusterIp)
                .map(
                    socket ->
                        new Conversation(
                            context, socket, socket, () -> client.close().otherwiseEmpty()))
                .onComplete(opened));
    return Component.await(opened.future());
  }

  void delete() throws Exception {
    if (wire != null) {
      Component.await(wire.close());
    }
    delete(mesh, name);
  }

  private static void delete(Mesh mesh, String name) throws Exception {
    new Workload(mesh).delete(name);
    Component.await(
        mesh.admin()
            .delete(Resource.SERVICES.tree(), Workload.NAMESPACE, name, DeleteOptions.DEFAULT)
            .<Void>mapEmpty()
            .otherwiseEmpty());
  }
}
