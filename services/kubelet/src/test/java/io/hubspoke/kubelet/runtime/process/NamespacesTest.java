package io.hubspoke.kubelet.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import io.hubspoke.testing.Await;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Linux gives to root alone. Elsewhere these tests say why they didn't run. */
class NamespacesTest {
  private static final String SERVER =
      """
      import socket
      s = socket.socket()
      s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
      s.bind(('%s', 8080))
      s.listen()
      print('up', flush=True)
      while True:
        c, _ = s.accept()
        d = b''
        while b := c.recv(65536):
          d += b
        c.sendall(d.upper())
        c.close()
      """;

  @TempDir Path directory;

  @Test
  void aContainerGoesByTheHostNameThatItsPodAsksFor() throws Exception {
    try (var node =
        new ProcessNode(directory, pod -> pod.editSpec().withHostname("elsewhere").endSpec())) {
      var run = node.sh("echo $HOSTNAME");
      assertThat(run.code()).isZero();
      assertThat(run.said()).isEqualTo("elsewhere");
    }
  }

  @Test
  void aContainerIsTheFirstProcessOfItsOwnAndHasThePodsName() throws Exception {
    try (var node = node()) {
      var run = node.sh("echo $$; hostname; ls -d /proc/[0-9]* | wc -l; cat /proc/1/comm");

      assertThat(run.code()).isZero();
      assertThat(run.said().lines().toList()).startsWith("1", "web-0").endsWith("sh");
    }
  }

  @Test
  void theMachinesFilesAreNotThereOrReadOnly() throws Exception {
    try (var node = node()) {
      var run =
          node.sh(
              "touch /usr/x; echo $?; touch /tmp/x && echo tmp; ls "
                  + directory
                  + "; ls -A /root /home; ls /etc/shadow; echo 1 > /proc/sys/kernel/panic;"
                  + " mount -t tmpfs none /tmp; cat /etc/hosts");

      assertThat(run.code()).isZero();
      assertThat(run.said())
          .contains("Read-only file system", "tmp")
          .contains("cannot access '" + directory + "'")
          .contains("'/etc/shadow': No such file")
          .contains("/proc/sys/kernel/panic: Read-only file system")
          .contains("mount: /tmp: permission denied")
          .contains(node.sandbox.ip() + "\tweb-0");
    }
  }

  @Test
  void aDeviceThatAContainerMakesDoesNotWork() throws Exception {
    try (var node = node()) {
      var run =
          node.sh(
              "mknod /x c 1 5 && head -c 1 /x; mknod /dev/x c 1 5 && head -c 1 /dev/x;"
                  + " head -c 1 /dev/zero | wc -c");

      assertThat(run.code()).isZero();
      assertThat(run.said())
          .contains("cannot open '/x' for reading: Permission denied")
          .contains("cannot open '/dev/x' for reading: Permission denied")
          .containsPattern("(?m)^1$");
    }
  }

  @Test
  void aPodOnTheMachinesNetworkHasItsNameAndAddress() throws Exception {
    try (var node = node(pod -> pod.editSpec().withHostNetwork(true).endSpec())) {
      var run = node.sh("hostname; cat /etc/hostname; readlink /proc/self/ns/net");

      assertThat(run.code()).isZero();
      assertThat(run.said()).doesNotContain("web-0");
      assertThat(run.said())
          .contains(Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString());
      assertThat(node.sandbox.ip()).isEqualTo("127.0.0.1");
    }
  }

  @Test
  void volumesAreMountedWhereTheContainerWantsThemAndNowhereElse() throws Exception {
    Path config = Files.createDirectories(directory.resolve("volumes/config"));
    Files.writeString(config.resolve("key"), "value");
    Path data = Files.createDirectories(directory.resolve("volumes/data"));
    Path file = Files.writeString(directory.resolve("volumes/file"), "one file");
    // A link in an image that points out of it must not lead a mount out either.
    Path image = Files.createDirectories(directory.resolve("images/evil/rootfs"));
    Path outside = Files.createDirectories(directory.resolve("outside"));
    Files.createDirectories(image.resolve(outside.toString().substring(1)));
    Files.createSymbolicLink(image.resolve("data"), outside);
    try (var node = node()) {
      var run =
          node.run(
              c ->
                  c.withCommand(
                      "/bin/sh",
                      "-c",
                      "cat /config/key; echo x > /config/key; echo kept > /data/deep/f; cat /one"),
              Map.of(),
              List.of(
                  new Mount(config, "/config", true),
                  new Mount(data, "/data/deep", false),
                  new Mount(file, "/one", true)));
      assertThat(run.code()).isZero();
      assertThat(run.said()).contains("value", "Read-only file system", "one file");
      assertThat(data.resolve("f")).hasContent("kept\n");

      busybox(image);
      var evil =
          node.run(
              c -> c.withImage("evil").withCommand("/bin/busybox", "ls", "/data/deep"),
              Map.of(),
              List.of(new Mount(data, "/data/deep", false)));
      assertThat(evil.code()).isZero();
      assertThat(evil.said()).contains("f");
      assertThat(outside).isEmptyDirectory();
    }
  }

  @Test
  void aVolumesPathThatWasSwappedForALinkIsNotMounted() throws Exception {
    Path outside = Files.createDirectories(directory.resolve("outside/sub"));
    Files.writeString(outside.resolve("key"), "private");
    Path volume = Files.createDirectories(directory.resolve("volumes/data"));
    Files.createSymbolicLink(volume.resolve("swapped"), outside.getParent());
    try (var node = node()) {
      for (String path : List.of("swapped", "swapped/sub")) {
        assertThatThrownBy(
                () ->
                    node.run(
                        c -> c.withCommand("/bin/sh", "-c", "cat /data/key /data/sub/key"),
                        Map.of(),
                        List.of(new Mount(volume.resolve(path), "/data", false))))
            .hasStackTraceContaining("symbolic links");
      }
    }
  }

  @Test
  void busyboxIsARootWithItsAppletsAndEachContainerHasItsOwn() throws Exception {
    try (var node = node()) {
      assumeTrue(node.runtime.images().contains("busybox:latest"), "busybox is not installed here");
      var run =
          node.run(
              c ->
                  c.withImage("busybox")
                      .withCommand("sh", "-c", "echo changed > /etc/passwd; ls /; rm /bin/ls"));
      assertThat(run.code()).isZero();
      assertThat(run.said()).contains("bin").doesNotContain("usr");

      var next = node.run(c -> c.withImage("busybox").withCommand("cat", "/etc/passwd"));
      assertThat(next.code()).isZero();
      assertThat(next.said()).startsWith("root:x:0:0:");
    }
  }

  @Test
  void aContainerRunsAsWhomThePodSays() throws Exception {
    try (var node = node()) {
      var run =
          node.run(
              c ->
                  c.withCommand(
                          "/bin/sh",
                          "-c",
                          "id -u; id -g; grep -E 'CapBnd|NoNewPrivs' /proc/self/status; touch /x; echo again > /dev/stdout")
                      .withNewSecurityContext()
                      .withRunAsUser(1234L)
                      .withRunAsGroup(4321L)
                      .withRunAsNonRoot(true)
                      .withAllowPrivilegeEscalation(false)
                      .withReadOnlyRootFilesystem(true)
                      .withNewCapabilities()
                      .withDrop("ALL")
                      .withAdd("NET_BIND_SERVICE")
                      .endCapabilities()
                      .endSecurityContext());

      assertThat(run.code()).isZero();
      assertThat(run.said().lines().map(l -> l.replace("\t", " ")).toList())
          .containsSubsequence(
              "1234", "4321", "CapBnd: 0000000000000400", "NoNewPrivs: 1", "again");
      assertThat(run.said()).contains("Read-only file system");
      assertThat(
              node.failure(
                  c -> c.withNewSecurityContext().withRunAsNonRoot(true).endSecurityContext()))
          .hasMessageContaining("container has runAsNonRoot and image will run as root");
    }
  }

  @Test
  void anExecIsInTheContainersNamespacesAndAsItsUser() throws Exception {
    try (var node = node()) {
      var run =
          node.run(
              c ->
                  c.withCommand("sleep", "100")
                      .withNewSecurityContext()
                      .withRunAsUser(1234L)
                      .endSecurityContext());

      var said = node.sh(run, "id -u; hostname; cat /proc/1/cmdline | tr '\\0' ' '");

      assertThat(said.out()).isEqualTo("1234\nweb-0\nsleep 100 ");
    }
  }

  @Test
  void aPodHasAnAddressThatTheMachineReachesAndOnlyItsOwnInterfaces() throws Exception {
    try (var node = networked()) {
      assertThat(node.sandbox.ip()).startsWith("10.");
      var run = node.run(c -> c.withCommand("python3", "-c", SERVER.formatted("0.0.0.0")));
      run.awaitSaid("up");

      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(node.sandbox.ip(), 8080), 5000);
        socket.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
        socket.shutdownOutput();
        InputStream in = socket.getInputStream();
        assertThat(new String(in.readAllBytes(), StandardCharsets.US_ASCII)).isEqualTo("HELLO");
      }
      var said = node.sh(run, "ls /sys/class/net; cat /proc/net/route | wc -l");
      assertThat(said.out()).startsWith("eth0\nlo\n");
    }
  }

  @Test
  void aPodReachesTheServiceKubernetesWhoseAddressIsInTheLoopbackRange() throws Exception {
    try (var node = networked();
        var server = new ServerSocket(0, 5, InetAddress.ofLiteral("127.96.7.1"))) {
      Thread.ofVirtual()
          .start(
              () -> {
                try (Socket client = server.accept()) {
                  client.getOutputStream().write(client.getInputStream().readAllBytes());
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      var told =
          Map.of(
              "KUBERNETES_SERVICE_HOST",
              "127.96.7.1",
              "KUBERNETES_SERVICE_PORT",
              String.valueOf(server.getLocalPort()));
      node.tell(told);
      var run =
          node.run(
              c ->
                  c.withCommand(
                      "python3",
                      "-c",
                      """
                      import os, socket
                      e = os.environ
                      s = socket.create_connection(
                          (e['KUBERNETES_SERVICE_HOST'], int(e['KUBERNETES_SERVICE_PORT'])))
                      s.sendall(b'x' * 100000)
                      s.shutdown(socket.SHUT_WR)
                      n = 0
                      while b := s.recv(65536):
                        n += len(b)
                      print(n)
                      """),
              told,
              List.of());

      assertThat(run.code()).isZero();
      assertThat(run.said()).isEqualTo("100000");
    }
  }

  @Test
  void whatAContainerItselfNamesTheServiceKubernetesIsNotReached() throws Exception {
    try (var node = networked();
        var server = new ServerSocket(0, 5, InetAddress.ofLiteral("127.96.7.2"))) {
      var run =
          node.run(
              c ->
                  c.withCommand(
                      "python3",
                      "-c",
                      """
                      import os, socket
                      e = os.environ
                      print(socket.socket().connect_ex(
                          (e['KUBERNETES_SERVICE_HOST'], int(e['KUBERNETES_SERVICE_PORT']))))
                      """),
              Map.of(
                  "KUBERNETES_SERVICE_HOST",
                  "127.96.7.2",
                  "KUBERNETES_SERVICE_PORT",
                  String.valueOf(server.getLocalPort())),
              List.of());

      assertThat(run.code()).isZero();
      // ECONNREFUSED: the address is the pod itself.
      assertThat(run.said()).isEqualTo("111");
    }
  }

  @Test
  void podsOfTheMachineReachOneAnother() throws Exception {
    try (var node = networked();
        var other = new ProcessNode(directory.resolve("other"))) {
      var run = node.run(c -> c.withCommand("python3", "-c", SERVER.formatted("0.0.0.0")));
      run.awaitSaid("up");

      var client =
          other.run(
              c ->
                  c.withCommand(
                      "python3",
                      "-c",
                      "import socket; s=socket.create_connection(('"
                          + node.sandbox.ip()
                          + "',8080)); s.sendall(b'hi'); s.shutdown(1); print(s.recv(9))"));

      assertThat(client.code()).isZero();
      assertThat(client.said()).isEqualTo("b'HI'");
    }
  }

  @Test
  void anAddressThatAnotherKubeletsPodHasIsNotGivenAgain() throws Exception {
    var addresses = new PodAddresses();
    try (var node = networked()) {
      String range = node.sandbox.ip().substring(0, node.sandbox.ip().lastIndexOf('.'));
      addresses.range(range + ".0/24");

      assertThat(addresses.allocate()).startsWith(range).isNotEqualTo(node.sandbox.ip());
    }
  }

  @Test
  void theNetworkOfARemovedPodIsGone() throws Exception {
    try (var node = networked()) {
      String link = "hs" + node.sandbox.id().substring(0, 12);
      assertThat(NetworkInterface.getByName(link)).isNotNull();

      Await.result(node.runtime.removeSandbox(node.sandbox));

      assertThat(NetworkInterface.getByName(link)).isNull();
    }
  }

  @Test
  void aForwardedPortIsThePodsOwnLoopback() throws Exception {
    try (var node = networked()) {
      var run = node.run(c -> c.withCommand("python3", "-c", SERVER.formatted("127.0.0.1")));
      run.awaitSaid("up");

      var connection = Await.result(node.runtime.portForward(node.sandbox, 8080));
      var answer = ProcessNode.all(connection);
      connection.write(Buffer.buffer("x".repeat(1_000_000))).onFailure(Throwable::printStackTrace);
      Await.result(connection.end());

      assertThat(Await.result(answer)).isEqualTo("X".repeat(1_000_000));
      Await.result(connection.closed());
      assertThat(Await.failure(node.runtime.portForward(node.sandbox, 8081)))
          .hasMessageContaining("failed to connect to localhost:8081 inside namespace")
          .hasMessageContaining("dial tcp4 127.0.0.1:8081: connect: connection refused");
    }
  }

  @Test
  void usageIsThatOfAllProcessesOfTheContainer() throws Exception {
    try (var node = node()) {
      var run =
          node.sh(
              "sleep 100 & echo up; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; wait");
      run.awaitSaid("done");

      var usage = Await.result(node.runtime.usage(run.container())).orElseThrow();

      assertThat(usage.cpuNanos()).isPositive().isLessThan(Duration.ofMinutes(1).toNanos());
      assertThat(usage.memoryBytes()).isBetween(500_000L, 100_000_000L);
      assertThat(run.stop(Duration.ZERO).code()).isEqualTo(137);
      assertThat(Await.result(node.runtime.usage(run.container()))).isEmpty();
    }
  }

  private static void busybox(Path rootfs) throws Exception {
    Path bin = Files.createDirectories(rootfs.resolve("bin"));
    Path installed = Path.of("/bin/busybox");
    assumeTrue(Files.isExecutable(installed), "busybox is not installed here");
    Files.copy(installed, bin.resolve("busybox"));
  }

  private ProcessNode node() throws Exception {
    return node(UnaryOperator.identity());
  }

  private ProcessNode node(UnaryOperator<PodBuilder> edit) throws Exception {
    ProcessNode node = new ProcessNode(directory, edit);
    if (!node.namespaced()) {
      node.close();
    }
    assumeTrue(node.namespaced(), "containers have no namespaces here: " + node.runtime.version());
    return node;
  }

  private ProcessNode networked() throws Exception {
    ProcessNode node = node();
    boolean own = !node.runtime.version().contains("+");
    if (!own) {
      node.close();
    }
    assumeTrue(own, "pods have no network of their own here: " + node.runtime.version());
    return node;
  }
}
