package io.hubspoke.sshd;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.io.File;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** OpenSSH's own client at the node's SSH server. */
class OpenSshClientTest {
  @TempDir private static Path directory;

  private static Vertx vertx;
  private static RunningSshd sshd;
  private static Targets targets;

  /** What a run of the client came to. */
  private record Run(int status, String output, String errors) {}

  @BeforeAll
  static void start() throws Exception {
    vertx = Component.vertx();
    sshd =
        new RunningSshd(
            vertx,
            directory,
            0,
            options ->
                options.withLimits(
                    new SshdOptions.Limits(
                        Duration.ofSeconds(2),
                        6,
                        3,
                        100,
                        Duration.ofSeconds(5),
                        Duration.ofSeconds(15),
                        3)));
    targets = new Targets(vertx);
    String host = "[127.0.0.1]:" + sshd.port() + " ";
    Files.writeString(
        directory.resolve("known_hosts"),
        host + Files.readString(directory.resolve("host_key.pub")));
  }

  @AfterAll
  static void stop() throws Exception {
    sshd.stop();
    Await.result(vertx.close());
  }

  private static ProcessBuilder ssh(String... arguments) {
    return sshWith("id", arguments);
  }

  private static ProcessBuilder sshWith(String key, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "ssh",
                "-F",
                "none",
                "-p",
                String.valueOf(sshd.port()),
                "-i",
                directory.resolve(key).toString(),
                "-oIdentitiesOnly=yes",
                "-oBatchMode=yes",
                "-oStrictHostKeyChecking=yes",
                "-oGlobalKnownHostsFile=none",
                "-oUserKnownHostsFile=" + directory.resolve("known_hosts")));
    command.addAll(List.of(arguments));
    command.add(RunningSshd.USER + "@127.0.0.1");
    return new ProcessBuilder(command);
  }

  private static Run run(ProcessBuilder ssh, String input) throws Exception {
    File output = Files.createTempFile(directory, "out", "").toFile();
    File errors = Files.createTempFile(directory, "err", "").toFile();
    Process process = ssh.redirectOutput(output).redirectError(errors).start();
    try (var in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    }
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("ssh does not end: " + Files.readString(errors.toPath()));
    }
    return new Run(
        process.exitValue(), Files.readString(output.toPath()), Files.readString(errors.toPath()));
  }

  @Test
  void forwards_its_standard_input_and_output() throws Exception {
    Run echoed = run(ssh("-W", "127.0.0.1:" + targets.echo()), "through OpenSSH\n".repeat(20_000));
    assertThat(echoed.output()).isEqualTo("through OpenSSH\n".repeat(20_000));
    assertThat(echoed.status()).as(echoed.errors()).isZero();
  }

  @Test
  void forwards_a_local_port() throws Exception {
    int local;
    try (var free = new java.net.ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      local = free.getLocalPort();
    }
    int echo = targets.echo();
    Process process =
        ssh("-N", "-L", "127.0.0.1:" + local + ":127.0.0.1:" + echo)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("forward.log").toFile())
            .start();
    try {
      Await.until("ssh listens", () -> answers(local));
    } finally {
      process.destroy();
    }
  }

  private static boolean answers(int port) {
    try (Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), port)) {
      socket.getOutputStream().write("x".getBytes(StandardCharsets.UTF_8));
      return socket.getInputStream().read() == 'x';
    } catch (java.io.IOException notYet) {
      return false;
    }
  }

  @Test
  void an_address_that_is_not_the_nodes_is_prohibited() throws Exception {
    Run refused = run(ssh("-W", "127.0.0.9:80"), "");
    assertThat(refused.status()).isNotZero();
    assertThat(refused.errors()).contains("administratively prohibited");
  }

  @Test
  void there_is_no_shell_no_command_no_subsystem_and_no_terminal() throws Exception {
    for (ProcessBuilder wanted :
        List.of(
            ssh("-T"), ssh("-tt"), command(ssh(), "id"), command(ssh("-s"), "sftp"), ssh("-A"))) {
      Run refused = run(wanted, "id\n");
      assertThat(refused.status()).as(wanted.command().toString()).isEqualTo(255);
      assertThat(refused.output()).isEmpty();
      assertThat(refused.errors()).contains("channel 0: open failed");
    }
  }

  private static ProcessBuilder command(ProcessBuilder ssh, String command) {
    ssh.command().add(command);
    return ssh;
  }

  @Test
  void nothing_listens_here_for_a_client() throws Exception {
    Run refused = run(ssh("-N", "-oExitOnForwardFailure=yes", "-R", "127.0.0.1:0:127.0.0.1:1"), "");
    assertThat(refused.status()).isEqualTo(255);
    assertThat(refused.errors()).contains("remote port forwarding failed");
  }

  @Test
  void only_the_right_key_lets_in() throws Exception {
    new ProcessBuilder(
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-f",
            directory.resolve("bad").toString())
        .start()
        .waitFor();
    Run stranger = run(sshWith("bad", "-W", "127.0.0.1:1"), "");
    assertThat(stranger.errors()).contains("Permission denied (publickey)");
    Run password = run(ssh("-oPreferredAuthentications=password", "-W", "127.0.0.1:1"), "");
    assertThat(password.errors()).contains("Permission denied (publickey)");
    ProcessBuilder root = ssh("-W", "127.0.0.1:1");
    root.command().set(root.command().size() - 1, "root@127.0.0.1");
    assertThat(run(root, "").errors()).contains("Permission denied (publickey)");
  }

  @Test
  void old_algorithms_are_not_spoken() throws Exception {
    for (String old :
        List.of(
            "-oCiphers=aes128-ctr",
            "-oKexAlgorithms=diffie-hellman-group14-sha1",
            "-oHostKeyAlgorithms=rsa-sha2-256")) {
      assertThat(run(ssh(old, "-W", "127.0.0.1:1"), "").errors())
          .as(old)
          .contains("Unable to negotiate");
    }
  }

  @Test
  void who_does_not_log_in_is_let_go_and_crowds_nobody_out_for_long() throws Exception {
    List<Socket> idle = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      idle.add(new Socket(InetAddress.ofLiteral("127.0.0.1"), sshd.port()));
    }
    for (Socket socket : idle) {
      socket.setSoTimeout(20_000);
      while (socket.getInputStream().read() >= 0) {
        // Its greeting, and then its end.
      }
      socket.close();
    }
    assertThat(run(ssh("-W", "127.0.0.1:" + targets.echo()), "still here").output())
        .isEqualTo("still here");
  }
}
