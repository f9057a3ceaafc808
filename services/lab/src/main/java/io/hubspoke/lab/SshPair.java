package io.hubspoke.lab;

import io.hubspoke.lab.bench.ServerProcess;
import io.hubspoke.lab.bench.tunnel.TunnelEnds;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.runtime.DirectoryTree;
import io.hubspoke.tunnel.Dialer;
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
import java.util.List;
import java.util.Map;

/** A node's SSH server in a process of its own, and the tunnel to it. */
final class SshPair implements TunnelEnds {
  private static final String ADDRESS = "127.0.0.1";
  private static final String USER = "bench";

  private final Path directory;
  private final Process server;
  private final SshConnector connector;
  private final SshDialer dialer;

  private SshPair(Path directory, Process server, SshConnector connector, SshDialer dialer) {
    this.directory = directory;
    this.server = server;
    this.connector = connector;
    this.dialer = dialer;
  }

  /** Starts one; it is not ready yet. */
  static SshPair start(Vertx vertx) throws IOException {
    var directory = Files.createTempDirectory("hubspoke-bench-");
    var key = KeyFile.readOrMake(directory.resolve("id_ed25519"), USER);
    var hostKey = KeyFile.readOrMake(directory.resolve("ssh_host_ed25519_key"), "host");
    AtomicFile.writePublic(
        directory.resolve("authorized_keys"),
        new PublicKeys(List.of(key.getPublic())).lines() + "\n");
    int port = FreePort.at(ADDRESS);
    var server =
        OwnCommand.component(
            List.of(
                "sshd",
                "--listen-address=" + ADDRESS,
                "--port=" + port,
                "--host-key=" + directory.resolve("ssh_host_ed25519_key"),
                "--authorized-keys-file=" + directory.resolve("authorized_keys"),
                "--allow-users=" + USER,
                "--permit-open=" + ADDRESS + "/32"));
    var connector = new SshConnector(vertx, new SshOptions(USER, key));
    var dialer =
        new SshDialer(
            vertx,
            connector,
            "bench",
            new InetSocketAddress(InetAddress.ofLiteral(ADDRESS), port),
            new PublicKeys(List.of(hostKey.getPublic())));
    return new SshPair(directory, server, connector, dialer.start());
  }

  @Override
  public String way() {
    return "ssh";
  }

  @Override
  public Dialer dialer() {
    return dialer;
  }

  @Override
  public Map<String, ServerProcess> processes() {
    return Map.of("sshd", new ServerProcess(server.pid()));
  }

  @Override
  public List<String> curl() {
    return null;
  }

  @Override
  public void close() throws IOException {
    // Nobody waits: no connection of it is left.
    dialer.close().eventually(connector::close).otherwiseEmpty();
    ServerProcess.end(server);
    DirectoryTree.delete(directory);
  }
}
