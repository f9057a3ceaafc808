package io.hubspoke.konnectivity.agent;

import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.hubspoke.testing.PeerBinary;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Real binaries of Konnectivity, where {@code HUBSPOKE_PEERS} says that there are some. */
final class Peers implements AutoCloseable {
  private final Pki pki;
  private final Path logs;
  private final List<Process> processes = new ArrayList<>();

  Peers(Pki pki, Path logs) {
    this.pki = pki;
    this.logs = logs;
  }

  /** Returns a free port; the real server refuses ephemeral ones as its own. */
  static int port() throws IOException {
    return FreePort.at("127.0.0.1");
  }

  /**
   * A running proxy-server.
   *
   * @param frontend for clients, with TLS
   * @param agents for agents
   */
  record Server(int frontend, int agents, int health) {
    /** Waits until it has an agent. */
    void awaitAgent() throws Exception {
      Await.until("an agent", () -> status(health, "/readyz"), code -> code == 200);
    }
  }

  Server server(String mode, String... flags) throws Exception {
    var server = new Server(port(), port(), port());
    var command =
        new ArrayList<>(
            List.of(
                PeerBinary.of("proxy-server").toString(),
                "--mode=" + mode,
                "--server-port=" + server.frontend,
                "--server-bind-address=127.0.0.1",
                "--server-cert=" + pki.cert("server"),
                "--server-key=" + pki.key("server"),
                "--server-ca-cert=" + pki.ca(),
                "--agent-port=" + server.agents,
                "--agent-bind-address=127.0.0.1",
                "--cluster-cert=" + pki.cert("server"),
                "--cluster-key=" + pki.key("server"),
                "--cluster-ca-cert=" + pki.ca(),
                "--health-port=" + server.health,
                "--health-bind-address=127.0.0.1",
                "--admin-port=" + port()));
    command.addAll(List.of(flags));
    start("proxy-server", command);
    Await.until("the server", () -> status(server.health, "/healthz"), code -> code == 200);
    return server;
  }

  /** Starts a proxy-agent. */
  void agent(int port, String... flags) throws Exception {
    var command =
        new ArrayList<>(
            List.of(
                PeerBinary.of("proxy-agent").toString(),
                "--proxy-server-host=127.0.0.1",
                "--proxy-server-port=" + port,
                "--ca-cert=" + pki.ca(),
                "--agent-cert=" + pki.cert("agent"),
                "--agent-key=" + pki.key("agent"),
                "--sync-interval=100ms",
                "--sync-interval-cap=200ms",
                "--health-server-host=127.0.0.1",
                "--health-server-port=" + port(),
                "--admin-server-port=" + port()));
    command.addAll(List.of(flags));
    start("proxy-agent", command);
  }

  private void start(String name, List<String> command) throws IOException {
    var log = Files.createTempFile(logs, name, ".log").toFile();
    processes.add(
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log).start());
  }

  private static int status(int port, String path) throws Exception {
    try (var client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    } catch (IOException notYet) {
      return 0;
    }
  }

  @Override
  public void close() {
    processes.forEach(Process::destroyForcibly);
  }
}
