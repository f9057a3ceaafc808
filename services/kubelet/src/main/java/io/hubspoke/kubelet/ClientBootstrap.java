package io.hubspoke.kubelet;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Backoff;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.kubelet.server.CertificateLife;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Flag;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets the kubelet its credentials, and renews them: those of {@code --kubeconfig}, or, when there
 * are none yet, a client certificate by TLS bootstrap with those of {@code --bootstrap-kubeconfig}
 * (Kubernetes documentation, "TLS bootstrapping").
 */
final class ClientBootstrap {
  private static final Logger LOG = LoggerFactory.getLogger(ClientBootstrap.class);
  private static final String SIGNER = "kubernetes.io/kube-apiserver-client-kubelet";

  /** EC keys sign only; RSA ones would ask for key encipherment too. */
  private static final List<String> USAGES = List.of("digital signature", "client auth");

  /** Waits for an answer as long as the real kubelet does, then asks again. */
  private static final Duration PATIENCE = Duration.ofMinutes(15);

  private final Vertx vertx;
  private final Context context;
  private final KubeletOptions options;
  private final CertificateStore store;

  ClientBootstrap(Vertx vertx, Context context, KubeletOptions options) {
    this.vertx = vertx;
    this.context = context;
    this.options = options;
    this.store = new CertificateStore(options.certDir(), "kubelet-client");
  }

  /**
   * Returns what to connect with; waits for the certificate if need be, and goes on trying while
   * the apiserver is away.
   *
   * @throws CertificateRequester.RefusedException when the node is not let in
   * @throws IOException when a file can't be read or written
   */
  ClientConfig config(Lifetime lifetime) throws CertificateRequester.RefusedException, IOException {
    Path kubeconfig = options.kubeconfig();
    boolean bootstraps = options.bootstrapKubeconfig() != null;
    if (Files.exists(kubeconfig) && (!bootstraps || valid(kubeconfig))) {
      return Flag.read("--kubeconfig", () -> newest(prepare(ClientConfig.read(kubeconfig))));
    }
    if (!bootstraps) {
      throw new IOException(
          "no --kubeconfig at " + kubeconfig + ", and no --bootstrap-kubeconfig to get one with");
    }
    Kubeconfig bootstrap =
        Flag.read("--bootstrap-kubeconfig", () -> Kubeconfig.read(options.bootstrapKubeconfig()));
    store.replace(bootstrap(bootstrap, lifetime));
    Path current = store.currentFile().toAbsolutePath();
    Kubeconfig.of(
            "default-cluster",
            bootstrap.cluster(),
            "default-auth",
            Kubeconfig.User.ofFiles(current, current))
        .write(kubeconfig);
    return prepare(ClientConfig.read(kubeconfig));
  }

  /** Returns a configuration with the certificate that was got last, where it is kept elsewhere. */
  ClientConfig newest(ClientConfig config) {
    if (!options.rotateCertificates()
        || !(config.credentials() instanceof Credentials.Certificate(Identity given))) {
      return config;
    }
    try {
      return store
          .current()
          .filter(kept -> kept.subject().equals(given.subject()))
          .filter(kept -> end(kept).isAfter(end(given)))
          .map(kept -> config.renewed(new Credentials.Certificate(kept)))
          .orElse(config);
    } catch (IOException | IllegalArgumentException e) {
      LOG.warn("{}: {}", options.nodeName(), Component.reason(e));
      return config;
    }
  }

  private static Instant end(Identity identity) {
    return identity.certificate().getNotAfter().toInstant();
  }

  /**
   * Renews the client certificate again and again, until the kubelet ends; waits, so it runs on a
   * virtual thread. Once it has expired, it is asked for as at the first time.
   */
  void renew(ApiClient client, CertificateLife life, Lifetime lifetime) {
    if (!options.rotateCertificates()
        || !(client.credentials() instanceof Credentials.Certificate)) {
      return;
    }
    var rotation =
        new CertificateRotation(
            options.nodeName(),
            new CertificateRotation.Wanted(
                "client certificate", subject(), SubjectAltNames.NONE, SIGNER, USAGES),
            store,
            client,
            this::again,
            identity -> client.setCredentials(new Credentials.Certificate(identity)),
            life);
    rotation.run(() -> shown(client), context, lifetime);
  }

  private static X509Certificate shown(ApiClient client) {
    return client.credentials() instanceof Credentials.Certificate(Identity identity)
        ? identity.certificate()
        : null;
  }

  private Identity again(Lifetime lifetime)
      throws CertificateRequester.RefusedException, IOException {
    Path file = options.bootstrapKubeconfig();
    return file == null || !Files.exists(file) ? null : bootstrap(Kubeconfig.read(file), lifetime);
  }

  private Subject subject() {
    return new Subject("system:node:" + options.nodeName(), "system:nodes");
  }

  private boolean valid(Path kubeconfig) throws IOException {
    try {
      return Kubeconfig.read(kubeconfig)
          .user()
          .identity()
          .filter(i -> i.certificate().getNotAfter().toInstant().isAfter(Instant.now()))
          .isPresent();
    } catch (IllegalArgumentException | java.nio.file.NoSuchFileException e) {
      LOG.warn("{} is not usable, bootstrapping anew: {}", kubeconfig, e.getMessage());
      return false;
    }
  }

  private Identity bootstrap(Kubeconfig bootstrap, Lifetime lifetime)
      throws CertificateRequester.RefusedException, IOException {
    LOG.info("{}: asking for a client certificate", options.nodeName());
    ApiClient client = new ApiClient(vertx, prepare(ClientConfig.of(bootstrap)));
    Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(10));
    try {
      while (true) {
        try {
          var pending = store.pending(subject(), SubjectAltNames.NONE);
          return new CertificateRequester(client, context, lifetime)
              .request(pending, SIGNER, USAGES, PATIENCE);
        } catch (CertificateRequester.RefusedException e) {
          store.dropPending();
          throw e;
        } catch (Exception e) {
          // Future.await throws what the future failed with: refusals, time-outs, lost connections.
          LOG.warn("{}: no client certificate yet: {}", options.nodeName(), reason(e));
        }
        if (lifetime.ended()) {
          throw new IOException("stopped");
        }
        lifetime.sleep(backoff.next());
      }
    } finally {
      client.close().otherwiseEmpty();
    }
  }

  /** A failed handshake says why in its cause. */
  private static String reason(Exception e) {
    return e.getCause() == null
        ? Component.reason(e)
        : Component.reason(e) + ": " + Component.reason(e.getCause());
  }

  private ClientConfig prepare(ClientConfig config) {
    return config
        .withLocalAddress(options.clientAddress())
        .withUserAgent("kubelet/" + Kubelet.VERSION + " (" + options.nodeName() + ")");
  }
}
