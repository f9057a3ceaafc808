package io.hubspoke.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** OpenSSH's own server as a child process on loopback, with its own keys and configuration. */
public final class OpenSshServer {
  private static final String PROGRAM = "/usr/sbin/sshd";

  private final Path directory;
  private final int port;
  private Process process;

  private OpenSshServer(Path directory, int port) {
    this.directory = directory;
    this.port = port;
  }

  /**
   * Starts one with new host keys in a directory.
   *
   * @param authorizedKeys lines of whom it lets in as {@link #user}
   * @param more lines for its configuration
   */
  public static OpenSshServer start(Path directory, String authorizedKeys, String... more)
      throws Exception {
    if (!Files.isExecutable(Path.of(PROGRAM))) {
      throw new AssertionError(PROGRAM + " is missing: install openssh-server");
    }
    int port = FreePort.at("127.0.0.1");
    // It insists on an empty directory of root's.
    Files.createDirectories(Path.of("/run/sshd"));
    makeKey(directory.resolve("ssh_host_ed25519_key"), "ed25519");
    makeKey(directory.resolve("ssh_host_rsa_key"), "rsa");
    Files.writeString(directory.resolve("authorized_keys"), authorizedKeys);
    Files.writeString(
        directory.resolve("sshd_config"),
        """
        ListenAddress 127.0.0.1
        Port %2$d
        HostKey %1$s/ssh_host_rsa_key
        HostKey %1$s/ssh_host_ed25519_key
        AuthorizedKeysFile %1$s/authorized_keys
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        PermitRootLogin prohibit-password
        PidFile none
        MaxStartups 100
        %3$s
        """
            .formatted(directory, port, String.join("\n", more)));
    OpenSshServer server = new OpenSshServer(directory, port);
    server.start();
    return server;
  }

  private static void makeKey(Path file, String type) throws Exception {
    Files.deleteIfExists(file);
    Process made =
        new ProcessBuilder("ssh-keygen", "-q", "-t", type, "-N", "", "-f", file.toString())
            .inheritIO()
            .start();
    if (made.waitFor() != 0) {
      throw new AssertionError("ssh-keygen failed");
    }
  }

  /** Starts it again, where it was and with the keys that are there now. */
  public void start() throws Exception {
    process =
        new ProcessBuilder(
                List.of(PROGRAM, "-D", "-e", "-f", directory.resolve("sshd_config").toString()))
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve("sshd.log").toFile()))
            .start();
    Await.until("sshd listens", this::listens);
  }

  private boolean listens() throws IOException {
    if (!process.isAlive()) {
      throw new AssertionError(Files.readString(directory.resolve("sshd.log")));
    }
    try (Socket socket = new Socket(InetAddress.ofLiteral("127.0.0.1"), port)) {
      return socket.isConnected();
    } catch (IOException notYet) {
      return false;
    }
  }

  public int port() {
    return port;
  }

  /** Returns whom it lets in: it can be only who runs it, unless that is root. */
  public String user() {
    return System.getProperty("user.name");
  }

  /** Returns its public host keys, a line each. */
  public String hostKeys() throws IOException {
    return Files.readString(directory.resolve("ssh_host_ed25519_key.pub"))
        + Files.readString(directory.resolve("ssh_host_rsa_key.pub"));
  }

  /** Replaces its Ed25519 key, which it shows after the next start. */
  public void replaceHostKey() throws Exception {
    makeKey(directory.resolve("ssh_host_ed25519_key"), "ed25519");
  }

  /** Kills it and the processes of its connections. */
  public void kill() throws Exception {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    if (!process.waitFor(10, TimeUnit.SECONDS)) {
      throw new AssertionError("sshd does not end");
    }
  }
}
