package io.hubspoke.apiserver.kubeletclient;

import io.hubspoke.apiserver.egress.Egress;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.FollowedFiles;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.ReloadableTrust;
import io.hubspoke.runtime.Tls;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.impl.ConnectionBase;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends requests to kubelets with the apiserver's own client certificate. There is one HTTP client
 * for each verification mode, because Vert.x would share pooled connections and TLS contexts
 * between modes of one client.
 */
public final class KubeletClient {
  private static final Logger LOG = LoggerFactory.getLogger(KubeletClient.class);

  // Every follower of a log holds a connection to that node's kubelet.
  private static final int MOST_CONNECTIONS_A_NODE = 1024;

  private static final Duration PERIOD = Duration.ofSeconds(1);

  /** With which certificates a connection was made. */
  private static final AttributeKey<Integer> GENERATION =
      AttributeKey.valueOf(KubeletClient.class, "generation");

  private final AtomicInteger generation = new AtomicInteger();
  private final List<FollowedFiles<?>> followed = new ArrayList<>();
  private final Egress egress;
  private final HttpClient configured;
  private final HttpClient unverified;

  /**
   * Reads certificates, which are followed on disk, and makes the clients.
   *
   * @param egress the way to the nodes
   * @throws IOException when a file can't be read
   */
  public KubeletClient(Vertx vertx, KubeletClientOptions options, Egress egress)
      throws IOException {
    this.egress = egress;
    ReloadableKeys keys = options.clientCertificate() == null ? null : keys(vertx, options);
    this.unverified = client(vertx, options, keys, Tls.trustAny(List.of()), false);
    this.configured =
        options.certificateAuthority() == null
            ? unverified
            : client(vertx, options, keys, trust(vertx, options), true);
  }

  private ReloadableKeys keys(Vertx vertx, KubeletClientOptions options) throws IOException {
    Path certificate = options.clientCertificate();
    Path key = options.clientKey();
    FollowedFiles<Identity> files =
        new FollowedFiles<>(
            vertx,
            "--kubelet-client-certificate, --kubelet-client-key",
            List.of(certificate, key),
            () -> Identity.read(certificate, key));
    ReloadableKeys keys = new ReloadableKeys(files.current());
    followed.add(files);
    files.follow(
        PERIOD,
        now -> {
          keys.replace(now);
          retire(vertx, options.timeout());
        });
    return keys;
  }

  private ReloadableTrust trust(Vertx vertx, KubeletClientOptions options) throws IOException {
    Path authority = options.certificateAuthority();
    FollowedFiles<List<X509Certificate>> file =
        new FollowedFiles<>(
            vertx,
            "--kubelet-certificate-authority",
            List.of(authority),
            () -> Pem.readCertificates(authority));
    ReloadableTrust trust = new ReloadableTrust(file.current());
    followed.add(file);
    file.follow(
        PERIOD,
        now -> {
          trust.replace(now);
          retire(vertx, options.timeout());
        });
    return trust;
  }

  /**
   * Uses no connection again that is open now; streams on them go on. Those whose handshake is
   * under way are found out when it can't be any more.
   */
  private void retire(Vertx vertx, Duration longestHandshake) {
    generation.incrementAndGet();
    vertx.setTimer(longestHandshake.toMillis(), t -> generation.incrementAndGet());
  }

  /**
   * Opens a request. It carries nothing of the caller's.
   *
   * @param skipVerification leave the kubelet's certificate unverified, whatever is configured
   * @param uri path and query
   */
  public Future<HttpClientRequest> request(
      NodeAddresses.KubeletAddress kubelet,
      HttpMethod method,
      String uri,
      boolean skipVerification) {
    return fresh(
        skipVerification ? unverified : configured,
        new RequestOptions()
            .setMethod(method)
            .setServer(egress.address(kubelet.target()))
            .setHost(kubelet.host())
            .setPort(kubelet.target().port())
            .setURI(uri));
  }

  /** Opens a request on a connection of this generation; an older one in the pool is closed. */
  private Future<HttpClientRequest> fresh(HttpClient client, RequestOptions options) {
    return client
        .request(options)
        .compose(
            request -> {
              // Whoever sends it is told by its answer.
              request.exceptionHandler(broken -> {});
              Integer made = channel(request.connection()).attr(GENERATION).get();
              if (made == null || made == generation.get()) {
                return Future.succeededFuture(request);
              }
              request.connection().close();
              return fresh(client, options);
            });
  }

  private static Channel channel(HttpConnection connection) {
    return ((ConnectionBase) connection).channel();
  }

  /** Closes connections; streams under way end. */
  public Future<Void> stop() {
    followed.forEach(FollowedFiles::stop);
    return Future.join(configured.close(), unverified.close()).mapEmpty();
  }

  private HttpClient client(
      Vertx vertx,
      KubeletClientOptions options,
      ReloadableKeys keys,
      X509ExtendedTrustManager trust,
      boolean verifyHost) {
    HttpClientOptions http =
        new HttpClientOptions()
            .setProtocolVersion(HttpVersion.HTTP_1_1)
            .setConnectTimeout(Math.toIntExact(options.timeout().toMillis()))
            .setSslHandshakeTimeout(options.timeout().toMillis())
            .setSslHandshakeTimeoutUnit(java.util.concurrent.TimeUnit.MILLISECONDS)
            .setKeepAliveTimeout(30)
            .setTcpKeepAlive(true)
            .setVerifyHost(verifyHost)
            .setTrustAll(false)
            .setName(verifyHost ? "kubelet-verified" : "kubelet-unverified");
    if (options.localAddress() != null) {
      http.setLocalAddress(options.localAddress());
    }
    return vertx
        .httpClientBuilder()
        .with(Tls.connect(http, keys, trust))
        .with(new PoolOptions().setHttp1MaxSize(MOST_CONNECTIONS_A_NODE))
        .withConnectHandler(
            // Requests under way hear of it themselves.
            connection -> {
              channel(connection).attr(GENERATION).set(generation.get());
              EndAfterAnswer.on(connection);
              connection.exceptionHandler(
                  e -> LOG.debug("{} broke: {}", connection.remoteAddress(), e.getMessage()));
            })
        .build();
  }
}
