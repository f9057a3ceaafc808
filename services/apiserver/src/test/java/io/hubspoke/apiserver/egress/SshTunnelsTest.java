package io.hubspoke.apiserver.egress;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.OpenSshServer;
import io.hubspoke.tunnel.ssh.KeyFile;
import io.hubspoke.tunnel.ssh.PublicKeys;
import io.vertx.core.http.HttpServer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The apiserver's way to a node whose SSH server is OpenSSH's. */
class SshTunnelsTest {
  private static TestApiserver server;
  private static OpenSshServer sshd;
  private static Client admin;
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
    var made = admin.post("/api/v1/nodes", node);
    assertThat(made.code()).as(made.text()).isEqualTo(201);
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
}
