package io.hubspoke.apiserver.egress;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.apiserver.TestNodes;
import io.hubspoke.apiserver.kubeletclient.AllowedAddresses;
import io.hubspoke.apiserver.kubeletclient.KubeletClientOptions;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.OpenSshServer;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.TunnelDownException;
import io.hubspoke.tunnel.ssh.KeyFile;
import io.hubspoke.tunnel.ssh.PublicKeys;
import io.hubspoke.tunnel.ssh.SshConnector;
import io.hubspoke.tunnel.ssh.SshOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which node's tunnel a target is dialled through. */
class SshTargetsTest {
  private static final String NODE = "127.10.99.8";
  private static final String OTHER = "127.10.99.9";
  private static final String PODS = "127.20.98.0/24";
  private static final String POD = "127.20.98.7";

  private static Vertx vertx;
  private static OpenSshServer sshd;
  private static SshTunnels tunnels;
  private static String hostKeys;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    vertx = Component.vertx();
    var key = KeyFile.readOrMake(dir.resolve("id"), "kube-apiserver");
    sshd =
        OpenSshServer.start(
            Files.createDirectory(dir.resolve("ssh")),
            Files.readString(dir.resolve("id.pub")),
            "ListenAddress " + NODE,
            // As the README says; nothing of it is in the way of a tunnel.
            "Match User " + System.getProperty("user.name"),
            "AllowTcpForwarding local",
            "AllowAgentForwarding no",
            "AllowStreamLocalForwarding no",
            "PermitTTY no",
            "X11Forwarding no",
            "ForceCommand /bin/false");
    hostKeys = PublicKeys.parse(sshd.hostKeys()).lines();
    tunnels =
        new SshTunnels(
            vertx,
            new SshConnector(vertx, new SshOptions(sshd.user(), key)),
            sshd.port(),
            new AllowedAddresses(KubeletClientOptions.LAB_RANGES));
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(tunnels.close());
    sshd.kill();
    Await.result(vertx.close());
  }

  @AfterEach
  void forget() {
    tunnels.changed("", "a", null);
    tunnels.changed("", "b", null);
  }

  private static void join(String name, String address, String podCidr) {
    ObjectNode node = TestNodes.node(name, address, 10250);
    node.withObject("/metadata/annotations").put(SshTunnels.HOST_KEYS, hostKeys);
    if (!podCidr.isEmpty()) {
      node.putObject("spec").put("podCIDR", podCidr).putArray("podCIDRs").add(podCidr);
    }
    tunnels.changed("", name, node);
  }

  private static int listen(String host) throws Exception {
    HttpServer server = vertx.createHttpServer().requestHandler(r -> r.response().end());
    return Await.result(server.listen(0, host)).actualPort();
  }

  private static Future<Duplex> dial(String host, int port, String node) {
    return tunnels.dial(new Target(host, port, node));
  }

  private static void reaches(String host, int port, String node) throws Exception {
    Await.until(
        "a connection to " + host,
        () -> {
          try {
            Await.result(Await.result(dial(host, port, node)).reset());
            return true;
          } catch (TunnelDownException notYet) {
            return false;
          }
        });
  }

  @Test
  void without_a_nodes_name_the_one_that_has_the_address_or_the_pods_is_asked() throws Exception {
    join("a", NODE, PODS);
    reaches(NODE, listen(NODE), "");
    reaches(POD, listen(POD), "");
    // It is the node's own resolver that finds out where its name leads.
    assertThat(Await.failure(dial("a", 80, ""))).hasMessageContaining("ssh a: a:80");
  }

  @Test
  void an_address_that_no_node_has_is_not_dialled() throws Exception {
    join("a", NODE, PODS);
    assertThat(Await.failure(dial("127.20.97.1", 80, "")))
        .hasMessage("ssh: no node has the address 127.20.97.1");
    assertThat(Await.failure(dial("elsewhere.example", 80, "")))
        .hasMessage("ssh: no node has the address elsewhere.example");
    assertThat(Await.failure(dial(NODE, 80, "c")))
        .isInstanceOf(TunnelDownException.class)
        .hasMessageContaining("ssh c")
        .hasMessageContaining("there is no such node");
  }

  @Test
  void an_address_that_two_nodes_claim_is_not_dialled_unless_one_is_named() throws Exception {
    int pod = listen(POD);
    int node = listen(NODE);
    join("a", NODE, PODS);
    reaches(POD, pod, "");
    join("b", OTHER, PODS);
    assertThat(Await.failure(dial(POD, pod, "")))
        .hasMessage("ssh: more than one node has the address 127.20.98.7: a, b");
    reaches(POD, pod, "a");

    join("b", NODE, "");
    assertThat(Await.failure(dial(NODE, node, "")))
        .hasMessage("ssh: more than one node has the address 127.10.99.8: a, b");
    reaches(NODE, node, "a");
    reaches(POD, pod, "");

    tunnels.changed("", "b", null);
    reaches(NODE, node, "");
  }
}
