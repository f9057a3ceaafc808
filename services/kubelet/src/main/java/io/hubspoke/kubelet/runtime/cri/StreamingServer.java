package io.hubspoke.kubelet.runtime.cri;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import io.hubspoke.kubelet.runtime.cri.v1.AttachRequest;
import io.hubspoke.kubelet.runtime.cri.v1.AttachResponse;
import io.hubspoke.kubelet.runtime.cri.v1.ExecRequest;
import io.hubspoke.kubelet.runtime.cri.v1.ExecResponse;
import io.hubspoke.kubelet.runtime.cri.v1.PortForwardRequest;
import io.hubspoke.kubelet.runtime.cri.v1.PortForwardResponse;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.PortForwardClient;
import io.hubspoke.streams.PortForwardConnection;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandClient;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTransport;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;

/**
 * Reaches exec, attach and port-forward at the runtime's streaming server, which a call to the
 * runtime names. Whoever has such a URL has the stream, and it travels in the clear: servers
 * elsewhere than on this machine's loopback are refused.
 */
final class StreamingServer {
  private static final int MAX_CONNECTIONS = 10_000;

  private final CriClient client;
  private final HttpClient http;
  private final RemoteCommandClient commands;
  private final PortForwardClient ports;

  StreamingServer(Vertx vertx, CriClient client) {
    this.client = client;
    this.http =
        client.withinItsContext(
            () ->
                vertx.createHttpClient(
                    new HttpClientOptions().setConnectTimeout(5000),
                    new PoolOptions().setHttp1MaxSize(MAX_CONNECTIONS)));
    this.commands = new RemoteCommandClient(vertx, http, StreamTransport.SPDY);
    this.ports = new PortForwardClient(vertx, http, StreamTransport.SPDY);
  }

  Future<RemoteProcess> exec(String container, List<String> command, RemoteCommand streams) {
    return client
        .call(
            CriMethod.EXEC,
            ExecRequest.newBuilder()
                .setContainerId(container)
                .addAllCmd(command)
                .setTty(streams.tty())
                .setStdin(streams.stdin())
                .setStdout(streams.stdout())
                .setStderr(streams.stderr())
                .build())
        .map(ExecResponse::getUrl)
        .compose(url -> commands.start(at(url), streams))
        .recover(StreamingServer::cannotStart);
  }

  Future<RemoteProcess> attach(String container, RemoteCommand streams) {
    return client
        .call(
            CriMethod.ATTACH,
            AttachRequest.newBuilder()
                .setContainerId(container)
                .setTty(streams.tty())
                .setStdin(streams.stdin())
                .setStdout(streams.stdout())
                .setStderr(streams.stderr())
                .build())
        .map(AttachResponse::getUrl)
        .compose(url -> commands.start(at(url), streams))
        .recover(StreamingServer::cannotStart);
  }

  /**
   * Connects to a port. Each connection has a session of its own: in one that many share, a reader
   * that stops holds the others back, as containerd's end has it.
   */
  Future<Duplex> portForward(String sandbox, int port) {
    return client
        .call(
            CriMethod.PORT_FORWARD,
            PortForwardRequest.newBuilder().setPodSandboxId(sandbox).addPort(port).build())
        .map(PortForwardResponse::getUrl)
        .compose(url -> ports.connect(at(url)))
        .compose(session -> open(session, port))
        .recover(StreamingServer::cannotStart);
  }

  private static Future<Duplex> open(PortForwardConnection session, int port) {
    return session
        .open(port)
        .onFailure(failure -> session.close().otherwiseEmpty())
        .onSuccess(
            connection ->
                connection.closed().onComplete(closed -> session.close().otherwiseEmpty()));
  }

  Future<Void> close() {
    return http.close();
  }

  /**
   * Returns where to ask.
   *
   * @throws StartException when that is elsewhere than on this machine
   */
  static RequestOptions at(String url) {
    URI uri;
    try {
      uri = URI.create(url);
    } catch (IllegalArgumentException e) {
      throw new StartException("the runtime's streaming server has no readable URL");
    }
    String host = uri.getHost();
    if (!"http".equals(uri.getScheme()) || host == null || uri.getPort() < 1 || !loopback(host)) {
      throw new StartException(
          "the runtime's streaming server has to be plain HTTP on a loopback address, but is at "
              + uri.getScheme()
              + "://"
              + uri.getRawAuthority());
    }
    return new RequestOptions()
        .setHost(host)
        .setPort(uri.getPort())
        .setURI(
            uri.getRawQuery() == null
                ? uri.getRawPath()
                : uri.getRawPath() + "?" + uri.getRawQuery());
  }

  private static boolean loopback(String host) {
    if (host.equals("localhost")) {
      return true;
    }
    try {
      return InetAddress.ofLiteral(host).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      // Other names could be anybody's.
      return false;
    }
  }

  private static <T> Future<T> cannotStart(Throwable failure) {
    return Future.failedFuture(
        failure instanceof StartException ? failure : new StartException(failure.getMessage()));
  }
}
