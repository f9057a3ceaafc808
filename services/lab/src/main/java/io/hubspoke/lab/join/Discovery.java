package io.hubspoke.lab.join;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.client.Resource;
import io.hubspoke.runtime.Component;
import io.hubspoke.tokens.DetachedSignature;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Finds out whom to trust, knowing a token and perhaps an authority's key (kubeadm, "Token-based
 * discovery with CA pinning"): reads {@code cluster-info} from a server that nobody vouches for,
 * believes it when the token signed it and the key is the one known, and reads it again from a
 * server that this authority vouches for. Methods block.
 */
public final class Discovery {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final Duration STEP = Duration.ofMillis(200);

  /** What an unknown server may send. */
  private static final int MAX_BYTES = 1 << 20;

  private final Vertx vertx;
  private final URI server;
  private final JoinToken token;
  private final PublicKeyPins pins;
  private final Duration patience;

  /**
   * @param patience how long a new token may take to sign
   */
  public Discovery(
      Vertx vertx, URI server, JoinToken token, PublicKeyPins pins, Duration patience) {
    this.vertx = vertx;
    this.server = server;
    this.token = token;
    this.pins = pins;
    this.patience = patience;
  }

  /**
   * Returns what is known of the cluster then.
   *
   * @throws IOException when it is not to be believed; the message says why in one line
   */
  public ClusterInfo find() throws IOException {
    var claimed = signed();
    var info = parse(claimed);
    if (!pins.allow(info.authorities())) {
      throw new IOException(
          "cluster CA found in "
              + ClusterInfo.NAME
              + " ConfigMap is invalid: none of the public keys "
              + info.authorities().stream().map(PublicKeyPins::of).toList()
              + " are pinned");
    }
    var verified = read(info.authorities()).path("data").path(ClusterInfo.KUBECONFIG).asText();
    if (!verified.equals(claimed)) {
      throw new IOException(
          "the second kubeconfig from the "
              + ClusterInfo.NAME
              + " ConfigMap (using validated TLS) was different from the first");
    }
    return info;
  }

  private static ClusterInfo parse(String kubeconfig) throws IOException {
    try {
      return ClusterInfo.parse(kubeconfig);
    } catch (IllegalArgumentException e) {
      throw new IOException("ConfigMap " + ClusterInfo.NAME + ": " + e.getMessage(), e);
    }
  }

  /** Returns the kubeconfig that the token vouches for. */
  private String signed() throws IOException {
    var deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      var data = read(List.of()).path("data");
      var kubeconfig = data.path(ClusterInfo.KUBECONFIG).asText("");
      var signature = data.path(ClusterInfo.SIGNATURE + token.id()).asText("");
      if (!signature.isEmpty()) {
        if (!DetachedSignature.matches(signature, kubeconfig, token.id(), token.secret())) {
          throw new IOException(
              "failed to verify JWS signature of received cluster info object, can't trust this"
                  + " API Server: the token's secret is wrong, or somebody is in between");
        }
        return kubeconfig;
      }
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "there is no JWS signed token in the %s ConfigMap. The token id \"%s\" is invalid for this cluster or it has expired; \"hubspoke token create\" makes a new one"
                .formatted(ClusterInfo.NAME, token.id()));
      }
      pause();
    }
  }

  /**
   * Reads the map without credentials.
   *
   * @param authorities who vouches for the server; none to take whatever answers
   */
  private ObjectNode read(List<X509Certificate> authorities) throws IOException {
    var config =
        new ClientConfig(
            server,
            authorities,
            new Credentials.None(),
            "",
            "hubspoke-join",
            authorities.isEmpty(),
            TIMEOUT,
            MAX_BYTES,
            null);
    // A client of its own, so that no connection that nobody vouched for is used again.
    var client = new ApiClient(vertx, config);
    try {
      return Component.await(
          client.get(Resource.CONFIG_MAPS.tree(), ClusterInfo.NAMESPACE, ClusterInfo.NAME));
    } catch (ApiException e) {
      throw new IOException(refused(e), e);
    } catch (TimeoutException e) {
      throw new IOException(server + " does not answer within " + TIMEOUT.toSeconds() + " s", e);
    } catch (Exception e) {
      throw new IOException("cannot reach an apiserver at " + server + ": " + reason(e), e);
    } finally {
      client.close().otherwiseEmpty();
    }
  }

  private String refused(ApiException e) {
    return switch (e.code()) {
      case 401, 403 ->
          server
              + " lets nobody read ConfigMap "
              + ClusterInfo.NAME
              + " without credentials: "
              + e.getMessage();
      case 404 -> server + " has no ConfigMap " + ClusterInfo.NAME + " that would tell how to join";
      default -> server + ": " + e.getMessage();
    };
  }

  private static String reason(Exception e) {
    var reason = Component.reason(e);
    return e.getCause() == null || reason.contains(Component.reason(e.getCause()))
        ? reason
        : reason + ": " + Component.reason(e.getCause());
  }

  private static void pause() throws IOException {
    try {
      TimeUnit.NANOSECONDS.sleep(STEP.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
