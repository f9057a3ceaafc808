package io.hubspoke.sshd;

import io.hubspoke.runtime.Logging;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.hubspoke.tunnel.ssh.KeyFile;
import io.hubspoke.tunnel.ssh.PublicKeys;
import io.hubspoke.tunnel.ssh.SshConnector;
import io.hubspoke.tunnel.ssh.SshDialer;
import io.hubspoke.tunnel.ssh.SshOptions;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.List;
import picocli.CommandLine;

/** {@code hubspoke sshd} in a process of its own, to be killed, and started again at its port. */
final class SshdProcess implements AutoCloseable {
  private final Path directory;
  private final int port;
  final KeyPair key;
  private Process process;

  SshdProcess(Path directory) throws Exception {
    this.directory = directory;
    this.key = KeyFile.readOrMake(directory.resolve("id"), "tester");
    port = FreePort.at("127.0.0.1");
    start();
  }

  void start() throws IOException {
    process =
        new ProcessBuilder(
                List.of(
                    ProcessHandle.current().info().command().orElseThrow(),
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-cp",
                    System.getProperty("java.class.path"),
                    SshdProcess.class.getName(),
                    "--listen-address=127.0.0.1",
                    "--port=" + port,
                    "--host-key=" + directory.resolve("host_key"),
                    "--authorized-keys-file=" + directory.resolve("id.pub")))
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve("sshd.log").toFile()))
            .start();
  }

  /** Returns a tunnel to it that is up. */
  SshDialer dialer(Vertx vertx, SshConnector connector) throws Exception {
    Path publicKey = directory.resolve("host_key.pub");
    Await.until("a host key", () -> Files.exists(publicKey) && Files.size(publicKey) > 0);
    var dialer =
        new SshDialer(
                vertx,
                connector,
                "node-1",
                new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port),
                PublicKeys.parse(Files.readString(publicKey)))
            .start();
    Await.until("tunnel is up", () -> dialer.state() == SshDialer.State.UP);
    return dialer;
  }

  SshOptions login() {
    return new SshOptions("hubspoke", key);
  }

  /** By SIGKILL. */
  void kill() throws Exception {
    process.destroyForcibly();
    process.waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** Runs the command. */
  public static void main(String[] arguments) {
    Logging.level("INFO");
    System.exit(new CommandLine(new SshdCommand()).execute(arguments));
  }
}
