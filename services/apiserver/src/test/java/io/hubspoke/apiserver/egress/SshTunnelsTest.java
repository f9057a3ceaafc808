package io.hubspoke.apiserver.egress;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.apiserver.TestNodes;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.OpenSshServer;
import io.hubspoke.tunnel.ssh.KeyFile;
import io.hubspoke.tunnel.ssh.PublicKeys;
import io.hubspoke.tunnel.ssh.SshDialer;
import io.vertx.core.http.HttpServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The apiserver's way to a node whose SSH server is OpenSSH's. */
class SshTunnelsTest {
  private static TestApiserver server;
  private static OpenSshServer sshd;
  private static Client admin;
  private static final String NAMESPACE = "/api/v1/namespaces/default";
  private static final String ADDRESS = "127.10.99.7";
  private static int port;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    Path ssh = Files.createDirectory(dir.resolve("ssh"));
    Path keyfile = dir.resolve("id");
    var unused = KeyFile.readOrMake(keyfile, "kube-apiserver");
    sshd =
        OpenSshServer.start(
            ssh, Files.readString(dir.resolve("id.pub")), "ListenAddress " + ADDRESS);
    server =
        new TestApiserver(
            dir, options -> options.with(EgressOptions.ssh(sshd.user(), keyfile, sshd.port())));
    admin = server.admin();
    HttpServer http =
        server
            .vertx
            .createHttpServer()
            .requestHandler(
                request ->
                    request.response().end("seen from " + request.remoteAddress().hostAddress()));
    port = Await.result(http.listen(0, ADDRESS)).actualPort();
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
    sshd.kill();
  }

  private static ObjectNode node(String name, String hostKeys, String address) {
    ObjectNode node = Json.object().put("kind", "Node").put("apiVersion", "v1");
    node.putObject("metadata").put("name", name);
    if (!hostKeys.isEmpty()) {
      node.withObject("/metadata/annotations").put(SshTunnels.HOST_KEYS, hostKeys);
    }
    node.putObject("status")
        .putArray("addresses")
        .addObject()
        .put("type", "InternalIP")
        .put("address", address);
    return node;
  }

  private static void join(ObjectNode node) throws Exception {
    made("/api/v1/nodes", node);
  }

  private static String proxied(String node) {
    return "/api/v1/nodes/" + node + ":" + port + "/proxy/";
  }

  @Test
  void metrics_and_health_tell_of_tunnels() throws Exception {
    String hostKeys = PublicKeys.parse(sshd.hostKeys()).lines();
    join(node("ssh-1", hostKeys, "127.0.10.77"));
    Await.until(
        "a tunnel that can't be opened is counted",
        () -> {
          String metrics = admin.get("/metrics").text();
          return metrics.contains("ssh_tunnel_open_fail_count ")
              && !metrics.contains("ssh_tunnel_open_fail_count 0\n");
        });
    assertThat(admin.get("/metrics").text()).contains("hubspoke_ssh_tunnels{state=\"down\"}");
    var down = admin.get(proxied("ssh-1"));
    assertThat(down.code()).as(down.text()).isEqualTo(503);
    assertThat(down.message()).contains("ssh ssh-1");
    assertThat(admin.get("/healthz/SSH%20Tunnel%20Check").code()).isEqualTo(200);
    admin.delete("/api/v1/nodes/ssh-1");
  }

  @Test
  void a_nodes_server_is_reached_from_the_node_itself() throws Exception {
    join(node("ssh-3", PublicKeys.parse(sshd.hostKeys()).lines(), ADDRESS));
    Await.until("the tunnel is up", () -> admin.get(proxied("ssh-3")).code() == 200);
    assertThat(admin.get("/metrics").text()).contains("hubspoke_ssh_tunnels{state=\"up\"} 1");
    admin.delete("/api/v1/nodes/ssh-3");
    assertThat(admin.get(proxied("ssh-3")).code()).isEqualTo(404);
  }

  @Test
  void a_node_that_published_no_keys_is_not_reached_at_all() throws Exception {
    join(node("ssh-2", "", "127.0.10.78"));
    var none = admin.get(proxied("ssh-2"));
    assertThat(none.code()).as(none.text()).isEqualTo(503);
    assertThat(none.message()).contains("has published no SSH host key");
    admin.delete("/api/v1/nodes/ssh-2");
  }

  @Test
  void another_host_key_is_a_503_and_a_line_in_the_log_with_both() throws Exception {
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger(SshDialer.class);
    log.start();
    logger.addAppender(log);
    PublicKeys known = ed25519();
    join(node("ssh-4", known.lines(), ADDRESS));
    Await.until("the tunnel is up", () -> admin.get(proxied("ssh-4")).code() == 200);

    sshd.kill();
    sshd.replaceHostKey();
    sshd.start();
    String changed =
        "the host key has changed: the server shows %s, known is %s"
            .formatted(ed25519().fingerprints(), known.fingerprints());
    Await.until(
        "the answer says so",
        () -> admin.get(proxied("ssh-4")),
        answer -> answer.code() == 503 && answer.message().contains(changed));
    assertThat(log.list)
        .filteredOn(event -> event.getFormattedMessage().contains(changed))
        .hasSize(1)
        .allSatisfy(
            event -> {
              assertThat(event.getLevel()).isEqualTo(Level.WARN);
              assertThat(event.getFormattedMessage()).startsWith("ssh ssh-4: ");
            });

    logger.detachAppender(log);
    // An administrator who knows why has the last word.
    ObjectNode judged = admin.get("/api/v1/nodes/ssh-4").json();
    judged.withObject("/metadata/annotations").put(SshTunnels.HOST_KEYS, ed25519().lines());
    assertThat(admin.put("/api/v1/nodes/ssh-4", judged).code()).isEqualTo(200);
    Await.until("the tunnel is up again", () -> admin.get(proxied("ssh-4")).code() == 200);
    admin.delete("/api/v1/nodes/ssh-4");
  }

  private static PublicKeys ed25519() throws Exception {
    return PublicKeys.parse(sshd.hostKeys().lines().findFirst().orElseThrow());
  }

  @Test
  void kubelets_pods_and_services_are_dialled_through_the_node_that_they_are_on() throws Exception {
    // Both have the address, so that it doesn't say which of them is meant.
    join(node("ssh-5", PublicKeys.parse(sshd.hostKeys()).lines(), ADDRESS));
    join(node("ssh-6", "", ADDRESS));
    Await.until("the tunnel is up", () -> admin.get(proxied("ssh-5")).code() == 200);
    for (String node : List.of("ssh-5", "ssh-6")) {
      pod("pod-on-" + node, node);
      service("service-on-" + node, "pod-on-" + node);
    }
    assertThat(admin.get(NAMESPACE + "/pods/pod-on-ssh-5:" + port + "/proxy/").code())
        .isEqualTo(200);
    assertThat(admin.get(NAMESPACE + "/services/service-on-ssh-5:http/proxy/").code())
        .isEqualTo(200);
    // Nobody answers for its kubelet.
    for (String kubelet :
        List.of("/api/v1/nodes/ssh-5/proxy/", NAMESPACE + "/pods/pod-on-ssh-5/log")) {
      assertThat(admin.get(kubelet).message()).contains("ssh ssh-5: " + ADDRESS + ":10250");
    }
    for (String other :
        List.of(
            proxied("ssh-6"),
            "/api/v1/nodes/ssh-6/proxy/",
            NAMESPACE + "/pods/pod-on-ssh-6/log",
            NAMESPACE + "/pods/pod-on-ssh-6/proxy/",
            NAMESPACE + "/services/service-on-ssh-6:http/proxy/")) {
      Answer down = admin.get(other);
      assertThat(down.code()).as(other + down.text()).isEqualTo(503);
      assertThat(down.message()).as(other).contains("ssh ssh-6").contains("no SSH host key");
    }
    admin.delete("/api/v1/nodes/ssh-5");
    admin.delete("/api/v1/nodes/ssh-6");
  }

  private static void pod(String name, String node) throws Exception {
    ObjectNode pod = TestNodes.pod(name, node, "main");
    made(NAMESPACE + "/pods", pod);
    pod.putObject("status").put("podIP", ADDRESS).putArray("podIPs").addObject().put("ip", ADDRESS);
    Answer answer = admin.put(NAMESPACE + "/pods/" + name + "/status", pod);
    assertThat(answer.code()).as(answer.text()).isEqualTo(200);
  }

  private static void service(String name, String pod) throws Exception {
    made(
        NAMESPACE + "/services",
        json(
            """
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "%s"},
             "spec": {"ports": [{"name": "http", "port": 80}]}}
            """
                .formatted(name)));
    made(
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
        json(
            """
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
             "metadata": {"name": "%1$s-1", "labels": {"kubernetes.io/service-name": "%1$s"}},
             "addressType": "IPv4", "ports": [{"name": "http", "port": %2$d}],
             "endpoints": [{"addresses": ["%3$s"], "conditions": {"ready": true},
               "targetRef": {"kind": "Pod", "namespace": "default", "name": "%4$s"}}]}
            """
                .formatted(name, port, ADDRESS, pod)));
  }

  private static ObjectNode json(String text) {
    return Json.parseObject(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void made(String path, ObjectNode object) throws Exception {
    TestNodes.made(admin.post(path, object));
  }
}
