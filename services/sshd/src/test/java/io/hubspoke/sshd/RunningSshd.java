package io.hubspoke.sshd;

import io.hubspoke.api.AddressRange;
import io.hubspoke.testing.Await;
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
import java.util.function.UnaryOperator;

/** An SSH server of a node with its files, and a way to dial through it. */
final class RunningSshd {
  static final String USER = "tunnel";

  private final Vertx vertx;
  final Path directory;
  final KeyPair key;
  final Sshd sshd;
  private final String deployment;

  RunningSshd(Vertx vertx, Path directory) throws Exception {
    this(vertx, directory, 0, options -> options);
  }

  RunningSshd(Vertx vertx, Path directory, int port, UnaryOperator<SshdOptions> more)
      throws Exception {
    this.vertx = vertx;
    this.directory = directory;
    this.key = KeyFile.readOrMake(directory.resolve("id"), "tester");
    Files.writeString(
        directory.resolve("authorized_keys"), Files.readString(directory.resolve("id.pub")));
    this.sshd = new Sshd(more.apply(options(directory, port)));
    this.deployment = Await.result(vertx.deployVerticle(sshd));
  }

  static SshdOptions options(Path directory, int port) {
    return new SshdOptions(
        "127.0.0.1",
        port,
        USER,
        directory.resolve("authorized_keys"),
        List.of(directory.resolve("host_key")),
        List.of(AddressRange.parse("127.0.0.1/32"), AddressRange.parse("127.20.7.0/24")),
        null,
        SshdOptions.Limits.DEFAULT);
  }

  int port() {
    return sshd.port();
  }

  SshOptions login() {
    return new SshOptions(USER, key);
  }

  /** Returns a tunnel that is up. */
  SshDialer dialer(SshConnector connector) throws Exception {
    SshDialer dialer = dialer(connector, sshd.hostKeys());
    Await.until("tunnel is up", () -> dialer.state() == SshDialer.State.UP);
    return dialer;
  }

  SshDialer dialer(SshConnector connector, PublicKeys known) {
    return new SshDialer(
            vertx,
            connector,
            "node-1",
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port()),
            known)
        .start();
  }

  void authorize(String lines) throws IOException {
    Files.writeString(directory.resolve("authorized_keys"), lines);
  }

  void stop() throws Exception {
    Await.result(vertx.undeploy(deployment));
  }
}
