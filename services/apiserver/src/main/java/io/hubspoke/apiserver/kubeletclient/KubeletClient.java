package io.hubspoke.apiserver.kubeletclient;

import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.util.List;
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

  private final HttpClient configured;
  private final HttpClient unverified;

  /**
   * Reads certificates and makes the clients.
   *
   * @throws IOException when a file can't be read
   */
  public KubeletClient(Vertx vertx, KubeletClientOptions options) throws IOException {
    ReloadableKeys keys = null;
    if (options.clientCertificate() != null) {
      keys =
          new ReloadableKeys(
              Flag.read(
                  "--kubelet-client-certificate, --kubelet-client-key",
                  () -> Identity.read(options.clientCertificate(), options.clientKey())));
    }
    this.unverified = client(vertx, options, keys, Tls.trustAny(List.of()), false);
    this.configured =
        options.certificateAuthority() == null
            ? unverified
            : client(
                vertx,
                options,
                keys,
                Tls.trust(
                    Flag.read(
                        "--kubelet-certificate-authority",
                        () -> Pem.readCertificates(options.certificateAuthority()))),
                true);
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
    return (skipVerification ? unverified : configured)
        .request(
            new RequestOptions()
                .setMethod(method)
                .setServer(kubelet.socket())
                .setHost(kubelet.host())
                .setPort(kubelet.socket().port())
                .setURI(uri));
  }

  /** Closes connections; streams under way end. */
  public Future<Void> stop() {
    return Future.join(configured.close(), unverified.close()).mapEmpty();
  }

  private static HttpClient client(
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
            connection ->
                connection.exceptionHandler(
                    e -> LOG.debug("{} broke: {}", connection.remoteAddress(), e.getMessage())))
        .build();
  }
}
