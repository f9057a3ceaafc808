package io.hubspoke.lab.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandClient;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTransport;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.RequestOptions;
import java.net.URLEncoder;

/** Runs commands in a pod, each over a connection of its own. */
final class PodExecs {
  static final RemoteCommand OUTPUT = new RemoteCommand(false, true, true, false);
  static final RemoteCommand INPUT = new RemoteCommand(true, true, true, false);

  private final Connections connections;
  private final RemoteCommandClient commands;

  PodExecs(Vertx vertx, Connections connections, StreamTransport transport) {
    this.connections = connections;
    this.commands = new RemoteCommandClient(vertx, connections.http(), transport);
  }

  /** Starts a command; from any thread. */
  Future<RemoteProcess> start(RemoteCommand streams, String... command) {
    StringBuilder uri = new StringBuilder(BenchPod.STREAMS.path() + "/exec?container=main");
    uri.append("&stdin=").append(streams.stdin());
    uri.append("&stdout=").append(streams.stdout());
    uri.append("&stderr=").append(streams.stderr());
    for (String word : command) {
      uri.append("&command=").append(URLEncoder.encode(word, UTF_8));
    }
    RequestOptions request = new RequestOptions().setURI(uri.toString());
    return connections.onLoop(() -> commands.start(request, streams));
  }
}
