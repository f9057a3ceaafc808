package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HTTPGetAction;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Probe;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import java.net.ConnectException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks containers over the network how they are (Kubernetes documentation, "Probes"). */
final class Prober {
  private final Vertx vertx;
  private final Set<Future<Void>> loops = ConcurrentHashMap.newKeySet();

  // Made when a container has a probe: of thousands of nodes in a process few do.
  private HttpClient http;
  private NetClient tcp;

  Prober(Vertx vertx) {
    this.vertx = vertx;
  }

  private synchronized HttpClient http() {
    if (http == null) {
      // Each probe is a new connection, and a container's certificate is not verified.
      http =
          vertx.createHttpClient(
              new HttpClientOptions().setKeepAlive(false).setTrustAll(true).setVerifyHost(false));
    }
    return http;
  }

  private synchronized NetClient tcp() {
    if (tcp == null) {
      tcp = vertx.createNetClient(new NetClientOptions());
    }
    return tcp;
  }

  /** Has {@link #close} wait for who asks again and again, and is about to stop. */
  void follow(Future<Void> loop) {
    loops.add(loop);
    loop.onComplete(done -> loops.remove(loop));
  }

  Future<Void> close() {
    return Future.join(List.copyOf(loops))
        .<Void>mapEmpty()
        .otherwiseEmpty()
        .eventually(this::closeClients);
  }

  private synchronized Future<Void> closeClients() {
    Future<Void> closed = http == null ? Future.succeededFuture() : http.close();
    return tcp == null ? closed : closed.eventually(tcp::close);
  }

  /**
   * Probes once; fails with what is wrong.
   *
   * @param ip the pod's address, asked where the probe names no host
   */
  Future<Void> probe(Probe probe, Container container, String ip) {
    Duration timeout = timeout(probe);
    if (probe.getHttpGet() != null) {
      HTTPGetAction get = probe.getHttpGet();
      int port = port(get.getPort(), container);
      return port == 0 ? badPort(get.getPort()) : get(get, host(get.getHost(), ip), port, timeout);
    }
    var socket = probe.getTcpSocket();
    if (socket == null) {
      return Future.failedFuture("missing probe handler");
    }
    int port = port(socket.getPort(), container);
    return port == 0
        ? badPort(socket.getPort())
        : connect(host(socket.getHost(), ip), port, timeout);
  }

  /** Sends the request of a hook, whose answer may be any. */
  Future<Void> hook(HTTPGetAction get, Container container, String ip, Duration timeout) {
    int port = port(get.getPort(), container);
    return port == 0
        ? badPort(get.getPort())
        : send(get, host(get.getHost(), ip), port, timeout, "kube-lifecycle/1.33").mapEmpty();
  }

  private Future<Void> get(HTTPGetAction get, String host, int port, Duration timeout) {
    return send(get, host, port, timeout, "kube-probe/1.33")
        .compose(
            code ->
                code >= 200 && code < 400
                    ? Future.succeededFuture()
                    : Future.failedFuture("HTTP probe failed with statuscode: " + code));
  }

  private Future<Integer> send(
      HTTPGetAction get, String host, int port, Duration timeout, String agent) {
    boolean tls = "HTTPS".equals(get.getScheme());
    String path = get.getPath() == null || get.getPath().isEmpty() ? "/" : get.getPath();
    String uri = path.startsWith("/") ? path : "/" + path;
    RequestOptions options =
        new RequestOptions()
            .setMethod(HttpMethod.GET)
            .setHost(host)
            .setPort(port)
            .setURI(uri)
            .setSsl(tls)
            .setConnectTimeout(timeout.toMillis())
            .setTimeout(timeout.toMillis())
            .putHeader("User-Agent", agent)
            .putHeader("Accept", "*/*");
    if (get.getHttpHeaders() != null) {
      get.getHttpHeaders().forEach(h -> options.putHeader(h.getName(), h.getValue()));
    }
    String what = "Get \"" + (tls ? "https" : "http") + "://" + host + ":" + port + uri + "\": ";
    return http()
        .request(options)
        .compose(request -> request.send().compose(answer -> answer.end().map(answer.statusCode())))
        .timeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
        .recover(e -> Future.failedFuture(what + reason(e, host, port)));
  }

  private Future<Void> connect(String host, int port, Duration timeout) {
    return tcp()
        .connect(port, host)
        .timeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
        .recover(e -> Future.failedFuture(reason(e, host, port)))
        .compose(socket -> socket.close().otherwiseEmpty());
  }

  /** Returns how long a probe may take. */
  static Duration timeout(Probe probe) {
    Integer seconds = probe.getTimeoutSeconds();
    return Duration.ofSeconds(seconds == null || seconds < 1 ? 1 : seconds);
  }

  private static String reason(Throwable e, String host, int port) {
    if (e instanceof ConnectException) {
      return "dial tcp " + host + ":" + port + ": connect: connection refused";
    }
    if (e instanceof TimeoutException) {
      return "context deadline exceeded";
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private static Future<Void> badPort(IntOrString port) {
    return Future.failedFuture(
        "invalid port number: " + (port == null ? "none" : String.valueOf(port.getValue())));
  }

  private static String host(String given, String ip) {
    return given == null || given.isEmpty() ? ip : given;
  }

  /** Returns the port by number or by the name of a container's port; 0 for none. */
  private static int port(IntOrString port, Container container) {
    if (port == null) {
      return 0;
    }
    if (port.getIntVal() != null) {
      return port.getIntVal() > 0 && port.getIntVal() < 65536 ? port.getIntVal() : 0;
    }
    return container.getPorts().stream()
        .filter(p -> port.getStrVal() != null && port.getStrVal().equals(p.getName()))
        .mapToInt(ContainerPort::getContainerPort)
        .findFirst()
        .orElse(0);
  }
}
