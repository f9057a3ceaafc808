package io.hubspoke.apiserver.proxy;

import io.hubspoke.api.Status;
import io.hubspoke.apiserver.egress.Egress;
import io.hubspoke.apiserver.kubeletclient.EndAfterAnswer;
import io.hubspoke.apiserver.kubeletclient.KubeletClient;
import io.hubspoke.runtime.Tls;
import io.hubspoke.tunnel.Target;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends requests to backends: in the clear, with a TLS that verifies nothing and shows nothing, or
 * by the connection to a kubelet. Each way has its HTTP client, so that none can use another's
 * connections.
 */
public final class ProxyClient {
  private static final Logger LOG = LoggerFactory.getLogger(ProxyClient.class);
  private static final Duration LONGEST_CONNECT = Duration.ofSeconds(10);
  private static final int MOST_CONNECTIONS_A_BACKEND = 256;
  private static final int LONGEST_QUEUE = 1024;
  private static final int MOST_REQUESTS = 8192;
  private static final int MAX_HEADER_BYTES = 64 * 1024;

  /** Below what usual servers keep idle connections for, so that they don't close a used one. */
  private static final int IDLE_SECONDS = 4;

  private final KubeletClient kubelets;
  private final Egress egress;
  private final Clients near;
  private final Clients elsewhere;
  private final AtomicInteger open = new AtomicInteger();

  /** The two ways to backends that are dialled from the same address. */
  private record Clients(HttpClient plain, HttpClient unverified) {
    static Clients from(Vertx vertx, String localAddress) {
      return new Clients(
          client(vertx, options("proxy-plain", localAddress)),
          client(
              vertx,
              Tls.connect(
                  options("proxy-unverified", localAddress), null, Tls.trustAny(List.of()))));
    }

    Future<?> close() {
      return Future.join(plain.close(), unverified.close());
    }
  }

  /**
   * Makes the clients.
   *
   * @param localAddress the address to dial from; null for the system's choice. One of loopback
   *     leads to loopback alone, so that others are dialled as the system chooses.
   * @param egress the way to nodes, pods and services
   */
  public ProxyClient(Vertx vertx, KubeletClient kubelets, String localAddress, Egress egress) {
    this.kubelets = kubelets;
    this.egress = egress;
    this.near = Clients.from(vertx, localAddress);
    this.elsewhere =
        localAddress != null && isLoopback(localAddress) ? Clients.from(vertx, null) : near;
  }

  /**
   * Opens a request.
   *
   * @param uri path and query
   */
  Future<HttpClientRequest> request(Backend backend, HttpMethod method, String uri) {
    return switch (backend) {
      case Backend.Kubelet kubelet -> kubelets.request(kubelet.address(), method, uri, false);
      case Backend.Direct direct -> {
        if (open.incrementAndGet() > MOST_REQUESTS) {
          open.decrementAndGet();
          throw Status.serviceUnavailable("too many proxied requests are under way").toException();
        }
        Target target = direct.target();
        Clients clients = egress.isDirect() && isLoopback(target.host()) ? near : elsewhere;
        yield (direct.tls() ? clients.unverified : clients.plain)
            .request(
                new RequestOptions()
                    .setMethod(method)
                    .setServer(egress.address(target))
                    .setHost(target.host())
                    .setPort(target.port())
                    .setURI(uri));
      }
    };
  }

  /** Gives back the place of a request that has ended. */
  void ended(Backend backend) {
    if (backend instanceof Backend.Direct) {
      open.decrementAndGet();
    }
  }

  /** Closes connections; what is under way ends. */
  public Future<Void> stop() {
    return Future.join(near.close(), elsewhere.close()).mapEmpty();
  }

  private static boolean isLoopback(String address) {
    return InetAddress.ofLiteral(address).isLoopbackAddress();
  }

  private static HttpClientOptions options(String name, String localAddress) {
    HttpClientOptions options =
        new HttpClientOptions()
            .setName(name)
            .setProtocolVersion(HttpVersion.HTTP_1_1)
            .setConnectTimeout(Math.toIntExact(LONGEST_CONNECT.toMillis()))
            .setSslHandshakeTimeout(LONGEST_CONNECT.toMillis())
            .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
            .setKeepAliveTimeout(IDLE_SECONDS)
            .setMaxHeaderSize(MAX_HEADER_BYTES)
            .setMaxInitialLineLength(MAX_HEADER_BYTES)
            .setTcpKeepAlive(true)
            .setVerifyHost(false)
            .setTrustAll(false);
    return localAddress == null ? options : options.setLocalAddress(localAddress);
  }

  private static HttpClient client(Vertx vertx, HttpClientOptions options) {
    return vertx
        .httpClientBuilder()
        .with(options)
        .with(
            new PoolOptions()
                .setHttp1MaxSize(MOST_CONNECTIONS_A_BACKEND)
                .setMaxWaitQueueSize(LONGEST_QUEUE))
        .withConnectHandler(
            // Requests under way hear of it themselves.
            connection -> {
              EndAfterAnswer.on(connection);
              connection.exceptionHandler(
                  e -> LOG.debug("{} broke: {}", connection.remoteAddress(), e.getMessage()));
            })
        .build();
  }
}
