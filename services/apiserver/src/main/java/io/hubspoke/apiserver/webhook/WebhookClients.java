package io.hubspoke.apiserver.webhook;

import io.hubspoke.apiserver.egress.Egress;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Tls;
import io.hubspoke.tunnel.Target;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Posts reviews to webhooks over connections that are kept. Certificates are always verified, by a
 * webhook's own authorities or the system's. Each destination has an HTTP client of its own with
 * each of its bundles, so that no connection and no TLS context of one is ever another's.
 */
public final class WebhookClients {
  private static final Logger LOG = LoggerFactory.getLogger(WebhookClients.class);

  /** Clients kept, as in the real apiserver; those used longest ago go. */
  private static final int MOST_CLIENTS = 200;

  private static final int MOST_CONNECTIONS = 128;
  private static final int LONGEST_QUEUE = 1024;
  private static final int IDLE_SECONDS = 10;

  /** As long as the longest time-out that a webhook may have. */
  private static final int LONGEST_CALL_SECONDS = 30;

  private final Vertx vertx;
  private final ServiceResolver services;
  private final Egress cluster;
  private final Egress controlPlane;
  private final String localAddress;
  private final Map<Key, HttpClient> clients = new LinkedHashMap<>(16, 0.75f, true);
  private boolean stopped;

  /**
   * @param options where services may be, and where they are dialled
   * @param cluster the way to services
   * @param controlPlane the way to webhooks that are named by URL
   * @param localAddress where loopback is dialled from; null for the system's choice
   */
  public WebhookClients(
      Vertx vertx,
      Lister lister,
      WebhookOptions options,
      Egress cluster,
      Egress controlPlane,
      String localAddress) {
    this.vertx = vertx;
    this.services = new ServiceResolver(vertx, lister, options, cluster);
    this.cluster = cluster;
    this.controlPlane = controlPlane;
    this.localAddress = localAddress;
  }

  private record Key(Destination destination, String caBundle, boolean near) {}

  /**
   * Posts a review and returns what is answered, within this time; fails with a {@link
   * WebhookCallException}.
   */
  Future<Buffer> post(Webhook webhook, Duration time, Buffer review) {
    Promise<Buffer> answer = Promise.promise();
    // On a context of Vert.x's whoever calls: a request's steps are to be taken on one.
    vertx
        .getOrCreateContext()
        .runOnContext(
            v ->
                new WebhookCall(vertx, webhook, time, answer)
                    .start(() -> route(webhook.destination()), this::client, review));
    return answer.future();
  }

  private Future<Route> route(Destination destination) {
    return switch (destination) {
      case Destination.Service service ->
          services.resolve(service).map(target -> new Route(cluster, target));
      case Destination.Url url ->
          Future.succeededFuture(new Route(controlPlane, new Target(url.host(), url.port())));
    };
  }

  /** Through what to dial, and whom. */
  record Route(Egress egress, Target target) {
    boolean isNear() {
      if (!egress.isDirect()) {
        return false;
      }
      try {
        return InetAddress.ofLiteral(target.host()).isLoopbackAddress();
      } catch (IllegalArgumentException name) {
        return false;
      }
    }
  }

  /**
   * Returns the client of a webhook.
   *
   * @throws IllegalArgumentException when its authorities can't be read
   */
  private synchronized HttpClient client(Webhook webhook, Route route) {
    if (stopped) {
      throw new IllegalArgumentException("the server is stopping");
    }
    Key key =
        new Key(webhook.destination(), webhook.caBundle(), localAddress != null && route.isNear());
    HttpClient known = clients.get(key);
    if (known != null) {
      return known;
    }
    HttpClient made = make(key);
    clients.put(key, made);
    if (clients.size() > MOST_CLIENTS) {
      var eldest = clients.entrySet().iterator();
      HttpClient gone = eldest.next().getValue();
      eldest.remove();
      gone.shutdown(LONGEST_CALL_SECONDS, TimeUnit.SECONDS)
          .onFailure(e -> LOG.debug("a webhook's connections: {}", e.getMessage()));
    }
    return made;
  }

  private HttpClient make(Key key) {
    HttpClientOptions options =
        new HttpClientOptions()
            .setName("webhook")
            .setProtocolVersion(HttpVersion.HTTP_1_1)
            .setConnectTimeout(LONGEST_CALL_SECONDS * 1000)
            .setSslHandshakeTimeout(LONGEST_CALL_SECONDS)
            .setSslHandshakeTimeoutUnit(TimeUnit.SECONDS)
            .setKeepAliveTimeout(IDLE_SECONDS)
            .setTcpKeepAlive(true)
            .setVerifyHost(true)
            .setTrustAll(false);
    if (key.near) {
      options.setLocalAddress(localAddress);
    }
    return vertx
        .httpClientBuilder()
        .with(Tls.connect(options, null, trust(key.caBundle)))
        .with(
            new PoolOptions().setHttp1MaxSize(MOST_CONNECTIONS).setMaxWaitQueueSize(LONGEST_QUEUE))
        .withConnectHandler(
            // Calls under way hear of it themselves.
            connection ->
                connection.exceptionHandler(
                    e -> LOG.debug("{} broke: {}", connection.remoteAddress(), e.getMessage())))
        .build();
  }

  private static X509ExtendedTrustManager trust(String caBundle) {
    if (caBundle.isEmpty()) {
      return Tls.systemTrust();
    }
    String pem = new String(Base64.getDecoder().decode(caBundle), StandardCharsets.ISO_8859_1);
    return Tls.trust(Pem.parseCertificates(pem));
  }

  /** Closes connections; calls under way fail. */
  public synchronized Future<Void> stop() {
    stopped = true;
    List<Future<Void>> closing = new ArrayList<>();
    clients.values().forEach(client -> closing.add(client.close()));
    clients.clear();
    return Future.join(closing).mapEmpty();
  }
}
