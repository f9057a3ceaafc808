package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.testing.Await;
import io.kubernetes.client.PortForward;
import io.kubernetes.client.util.ClientBuilder;
import io.kubernetes.client.util.KubeConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** port-forward, from real clients through the apiserver to processes of a kubelet. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PortForwardThroughKubectlTest {
  private static final int CONNECTIONS = 200;

  /** Listens at each port, and answers each line with the port and the line. */
  private static final String SERVER =
      """
      $SIG{CHLD} = 'IGNORE';
      for my $port (@ARGV) {
        next if fork;
        my $s = IO::Socket::INET->new(Listen => 300, LocalPort => $port, ReuseAddr => 1) or die;
        while (1) {
          my $c = $s->accept or next;
          next if fork;
          while (<$c>) { print $c "$port $_" }
          exit;
        }
      }
      sleep 1 while 1;
      """;

  @TempDir private static Path dir;
  private static TestMesh mesh;

  @BeforeAll
  static void start() throws Exception {
    mesh =
        TestMesh.start(
            dir, 1, k -> k.containerRuntimeEndpoint(RuntimeEndpoint.parse("process://")));
    ObjectNode pod = TestMesh.pod("server", "Never");
    TestMesh.container(pod, "main", "hubspoke/host", "8001", "8002");
    ((ObjectNode) pod.at("/spec/containers/0"))
        .putArray("command")
        .add("perl")
        .add("-MIO::Socket::INET")
        .add("-e")
        .add(SERVER);
    mesh.create(pod);
    mesh.untilPhase("server", "Running");
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  static List<StreamSession> sessions() throws Exception {
    return StreamSession.forPorts();
  }

  static List<StreamSession> newest() throws Exception {
    return StreamSession.newest();
  }

  /** A kubectl that forwards from free ports of this machine. */
  private record Forwarding(Process process, List<Integer> local) implements AutoCloseable {
    private static final Pattern LINE =
        Pattern.compile("Forwarding from 127\\.0\\.0\\.1:(\\d+) -> \\d+");

    static Forwarding start(Kubectl kubectl, String... ports) throws IOException {
      List<String> command =
          new ArrayList<>(List.of(kubectl.binary().toString(), "port-forward", "pod/server"));
      for (String port : ports) {
        command.add(":" + port);
      }
      Process process = kubectl.start(command);
      List<Integer> local = new ArrayList<>();
      BufferedReader out = process.inputReader();
      while (local.size() < ports.length) {
        String line = out.readLine();
        assertThat(line).as(() -> errors(process)).isNotNull();
        Matcher matcher = LINE.matcher(line);
        if (matcher.find()) {
          local.add(Integer.valueOf(matcher.group(1)));
        }
      }
      return new Forwarding(process, local);
    }

    private static String errors(Process process) {
      try {
        return process.errorReader().readAllAsString();
      } catch (IOException e) {
        return e.getMessage();
      }
    }

    Socket connect(int i) throws IOException {
      return new Socket(InetAddress.getLoopbackAddress(), local.get(i));
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  private static void send(Socket socket, String line) throws IOException {
    socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    socket.shutdownOutput();
  }

  private static String receive(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static boolean endsOrBreaks(Socket socket) {
    try {
      return socket.getInputStream().read() < 0;
    } catch (IOException reset) {
      return true;
    }
  }

  @ParameterizedTest
  @MethodSource("sessions")
  void several_ports_are_reached_and_each_way_ends_by_itself(StreamSession session)
      throws Exception {
    try (Forwarding forwarding = Forwarding.start(session.kubectl(mesh), "8001", "8002");
        Socket one = forwarding.connect(0);
        Socket two = forwarding.connect(1)) {
      send(one, "hello");
      send(two, "there");
      assertThat(receive(one)).isEqualTo("8001 hello\n");
      assertThat(receive(two)).isEqualTo("8002 there\n");
    }
  }

  @ParameterizedTest
  @MethodSource("newest")
  void many_connections_are_open_at_once(StreamSession session) throws Exception {
    try (Forwarding forwarding = Forwarding.start(session.kubectl(mesh), "8001")) {
      List<Socket> sockets = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS; i++) {
        sockets.add(forwarding.connect(0));
      }
      for (int i = 0; i < CONNECTIONS; i++) {
        send(sockets.get(i), "number " + i);
      }
      for (int i = 0; i < CONNECTIONS; i++) {
        assertThat(receive(sockets.get(i))).isEqualTo("8001 number " + i + "\n");
        sockets.get(i).close();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("newest")
  void a_port_that_nobody_listens_at_is_said_and_ends_the_connection(StreamSession session)
      throws Exception {
    try (Forwarding forwarding = Forwarding.start(session.kubectl(mesh), "8999");
        Socket socket = forwarding.connect(0)) {
      assertThat(receive(socket)).isEmpty();
      String said;
      BufferedReader errors = forwarding.process.errorReader();
      do {
        said = errors.readLine();
        assertThat(said).as("an error about the port").isNotNull();
      } while (!said.contains("error forwarding port 8999 to pod"));
    }
  }

  @ParameterizedTest
  @MethodSource("newest")
  void a_connection_that_breaks_ends_the_client(StreamSession session) throws Exception {
    try (Forwarding forwarding = Forwarding.start(session.kubectl(mesh), "8001");
        Socket socket = forwarding.connect(0)) {
      Await.result(mesh.mesh().nodes().get("node-1").wire().reset());
      assertThat(endsOrBreaks(socket)).isTrue();
      assertThat(forwarding.process.waitFor(60, TimeUnit.SECONDS)).as("kubectl ends").isTrue();
      assertThat(forwarding.process.exitValue()).isNotZero();
    }
  }

  @Test
  void the_official_java_client_reaches_a_port() throws Exception {
    try (var config = Files.newBufferedReader(dir.resolve("admin.kubeconfig"))) {
      var client = ClientBuilder.kubeconfig(KubeConfig.loadKubeConfig(config)).build();
      var forward = new PortForward(client).forward("default", "server", List.of(8001));
      var out = forward.getOutboundStream(8001);
      out.write("hello\n".getBytes(StandardCharsets.UTF_8));
      out.flush();
      byte[] answer = forward.getInputStream(8001).readNBytes("8001 hello\n".length());
      assertThat(new String(answer, StandardCharsets.UTF_8)).isEqualTo("8001 hello\n");
    }
  }
}
