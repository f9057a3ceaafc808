package io.hubspoke.kubelet;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Backoff;
import io.hubspoke.client.ClientConfig;
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
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets the kubelet its credentials: those of {@code --kubeconfig}, or, when there are none yet, a
 * client certificate by TLS bootstrap with those of {@code --bootstrap-kubeconfig} (Kubernetes
 * documentation, "TLS bootstrapping").
 */
final class ClientBootstrap {
  private static final Logger LOG = LoggerFactory.getLogger(ClientBootstrap.class);
  private static final String SIGNER = "kubernetes.io/kube-apiserver-client-kubelet";

  /** EC keys sign only; RSA ones would ask for key encipherment too. */
  private static final List<String> USAGES = List.of("digital signature", "client auth");

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
      return Flag.read("--kubeconfig", () -> prepare(ClientConfig.of(Kubeconfig.read(kubeconfig))));
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
    return prepare(ClientConfig.of(Kubeconfig.read(kubeconfig)));
  }

  private boolean valid(Path kubeconfig) throws IOException {
    try {
      return Kubeconfig.read(kubeconfig)
          .user()
          .identity()
          .filter(i -> i.certificate().getNotAfter().toInstant().isAfter(java.time.Instant.now()))
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
          var pending =
              store.pending(
                  new Subject("system:node:" + options.nodeName(), "system:nodes"),
                  SubjectAltNames.NONE);
          return new CertificateRequester(client, context, lifetime)
              .request(pending, SIGNER, USAGES);
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
