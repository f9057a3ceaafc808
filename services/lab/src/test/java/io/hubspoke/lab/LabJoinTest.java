package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.lab.cluster.LabAddress;
import io.hubspoke.lab.cluster.LabCluster;
import io.hubspoke.lab.cluster.LabKeys;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who joins a lab cluster, and who does not. */
class LabJoinTest {
  @TempDir Path directory;

  @Test
  void whoHasOtherKeysIsNotLetIn() throws Exception {
    var foreign = LabKeys.obtain(directory.resolve("foreign"));
    var own = new LabAddress("127.0.0.1", 0);

    assertThatThrownBy(() -> LabCluster.join(own, new LabAddress("127.0.97.3", 5801), foreign))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("no lab cluster at 127.0.97.3:5801: ");
    try (var other = LabCluster.begin(new LabAddress("127.0.97.4", 5801), foreign)) {
      var keys = LabKeys.obtain(directory.resolve("keys"));
      assertThat(other.port()).isEqualTo(5801);
      assertThatThrownBy(() -> LabCluster.join(own, new LabAddress("127.0.97.4", 5801), keys))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith(
              "what listens at 127.0.97.4:5801 is no lab cluster of these --lab-keys: ");
      // One address alone was given.
      for (var port : List.of(5801, 5802)) {
        assertThatThrownBy(() -> connect("127.0.97.5", port)).isInstanceOf(ConnectException.class);
        connect("127.0.97.4", port);
      }
    }
  }

  private static void connect(String host, int port) throws IOException {
    try (var socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), 2000);
    }
  }

  @Test
  void whatMakesNoSenseIsRefusedInOneLine() throws IOException {
    var made = LabKeys.obtain(directory.resolve("keys"));
    assertThat(made).isNotNull();
    var hash = "--discovery-token-ca-cert-hash=sha256:" + "0".repeat(64);
    var token = "--token=abcdef.0123456789abcdef";
    var keysAt = "--lab-keys=" + directory.resolve("keys");

    assertThat(run("up", "--join=127.0.97.9:5801", keysAt, token, hash))
        .startsWith("1 error: no lab");
    assertThat(run("up", "--join=127.0.0.1", keysAt, hash)).startsWith("2 error: --token or");
    assertThat(run("up", "--join=127.0.0.1", keysAt, token)).startsWith("2 error: --discovery-");
    assertThat(run("up", "--join=127.0.0.1:x", keysAt, token, hash))
        .startsWith("2 error: --join must be HOST or HOST:PORT");
    assertThat(run("up", "--join=127.0.0.1", token, hash))
        .startsWith("2 error: ")
        .contains("--lab-keys");
    assertThat(run("up", "--join=127.0.0.1", "--lab-keys=/nowhere", token, hash))
        .startsWith("1 error: ")
        .contains("--lab-keys", "/nowhere");
    assertThat(run("up", "--join=127.0.0.1", "--egress=ssh", keysAt, token, hash))
        .startsWith("2 error: --egress is for a control plane");
    assertThat(run("scale", "--nodes=10", "--members=2"))
        .startsWith("2 error: --lab-keys and --members go with --lab-address");
    assertThat(run("scale", "--nodes=10", "--lab-address=0.0.0.0"))
        .startsWith("1 ")
        .contains("error: --lab-address 0.0.0.0:5801: must be one address");
  }

  /** Returns the exit status and what was said. */
  private static String run(String... arguments) {
    var err = new StringWriter();
    var status =
        Hubspoke.commandLine()
            .setOut(new PrintWriter(new StringWriter()))
            .setErr(new PrintWriter(err))
            .execute(arguments);
    assertThat(err.toString().lines().filter(line -> line.contains("error:"))).hasSize(1);
    return status + " " + err;
  }
}
