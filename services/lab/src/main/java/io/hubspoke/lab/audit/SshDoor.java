package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.SshServers;
import io.hubspoke.tunnel.ssh.KeyFile;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.Optional;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.config.hosts.HostConfigEntryResolver;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.keyprovider.KeyIdentityProvider;
import org.apache.sshd.common.util.net.SshdSocketAddress;

/** A node's SSH server, as its clients meet it. */
record SshDoor(Mesh mesh, SshServers servers) implements TunnelDoor {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Something to do with a session that may be refused. */
  private interface Deed {
    void with(ClientSession session) throws IOException;
  }

  @Override
  public Verdict authenticated() throws Exception {
    var evidence = Checks.evidence();
    var user = servers.user();
    var own = KeyFile.read(servers.key());
    var refused = !loggedIn("anotherKey", user, another(), null, evidence);
    refused &= !loggedIn("anotherUser", "root", own, null, evidence);
    refused &= !loggedIn("aPassword", user, null, "secret", evidence);
    refused &= !loggedIn("noCredentials", user, null, null, evidence);
    return Verdict.of(refused && loggedIn("ownKey", user, own, null, evidence), evidence);
  }

  private static KeyPair another() throws GeneralSecurityException {
    return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
  }

  private boolean loggedIn(
      String which, String user, KeyPair key, String password, ObjectNode evidence)
      throws IOException {
    var reason = as(user, key, password, session -> {});
    evidence.put(which, reason.orElse("logged in"));
    return reason.isEmpty();
  }

  /** Logs in and does something; returns why that failed. */
  private Optional<String> as(String user, KeyPair key, String password, Deed deed)
      throws IOException {
    // Anybody's client: whatever it offers, the server decides.
    try (var client = SshClient.setUpDefaultClient()) {
      client.setHostConfigEntryResolver(HostConfigEntryResolver.EMPTY);
      client.setKeyIdentityProvider(KeyIdentityProvider.EMPTY_KEYS_PROVIDER);
      // Whom the node is for its clients is measured by an interceptor.
      client.setServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE);
      client.start();
      var at = TunnelLeg.of(mesh).wire().address();
      try (var session = client.connect(user, at.host(), at.port()).verify(PATIENCE).getSession()) {
        if (key != null) {
          session.addPublicKeyIdentity(key);
        }
        if (password != null) {
          session.addPasswordIdentity(password);
        }
        session.auth().verify(PATIENCE);
        deed.with(session);
        return Optional.empty();
      } catch (IOException | RuntimeException e) {
        return Optional.of(e.getMessage() == null ? e.toString() : e.getMessage());
      }
    }
  }

  @Override
  public Optional<Verdict> authorized() throws Exception {
    var check = new RoleCheck();
    var addresses = mesh.addresses();
    var kubelet = mesh.nodes().get(TunnelLeg.NODE);
    allowed(check, "forward to the node's own kubelet", to(kubelet.advertises(), kubelet.port()));
    refused(check, "forward to another node", to(addresses.nodeAdvertises(2), kubelet.port()));
    refused(
        check,
        "forward to the apiserver",
        to(addresses.apiserver(), mesh.nodesUplink().address().port()));
    refused(check, "forward to loopback", to("127.0.0.1", kubelet.port()));
    refused(
        check,
        "run a command",
        session -> {
          try (var channel = session.createExecChannel("id")) {
            channel.open().verify(PATIENCE);
          }
        });
    refused(
        check,
        "open a shell",
        session -> {
          try (var channel = session.createShellChannel()) {
            channel.open().verify(PATIENCE);
          }
        });
    refused(
        check,
        "have connections forwarded back",
        session ->
            session.startRemotePortForwarding(
                new SshdSocketAddress("127.0.0.1", 0), new SshdSocketAddress("127.0.0.1", 9)));
    return Optional.of(check.verdict());
  }

  private static Deed to(String host, int port) {
    return session -> {
      try (var channel =
          session.createDirectTcpipChannel(
              new SshdSocketAddress("127.0.0.1", 0), new SshdSocketAddress(host, port))) {
        channel.open().verify(PATIENCE);
      }
    };
  }

  private void allowed(RoleCheck check, String what, Deed deed) throws IOException {
    var failure = asApiserver(deed);
    check.holds(what + failure.map(why -> ": " + why).orElse(""), failure.isEmpty());
  }

  private void refused(RoleCheck check, String what, Deed deed) throws IOException {
    var failure = asApiserver(deed);
    check.holds(
        "refused: " + what + failure.map(why -> ": " + why).orElse(""), failure.isPresent());
  }

  private Optional<String> asApiserver(Deed deed) throws IOException {
    return as(servers.user(), KeyFile.read(servers.key()), null, deed);
  }
}
