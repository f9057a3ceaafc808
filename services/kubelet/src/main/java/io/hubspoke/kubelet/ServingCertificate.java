package io.hubspoke.kubelet;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Backoff;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.ReloadableKeys;
import io.vertx.core.Context;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Provides the certificate of the kubelet's API: from files, by a CertificateSigningRequest ({@code
 * --rotate-server-certificates}), or signed by nobody whom anyone knows, which is the default.
 */
final class ServingCertificate {
  private static final Logger LOG = LoggerFactory.getLogger(ServingCertificate.class);
  private static final String SIGNER = "kubernetes.io/kubelet-serving";
  private static final List<String> USAGES = List.of("digital signature", "server auth");
  private static final Duration SELF_SIGNED_VALIDITY = Duration.ofDays(365);

  private final KubeletOptions options;
  private final ReloadableKeys keys;
  private final CertificateStore store;

  ServingCertificate(KubeletOptions options, ReloadableKeys keys) {
    this.options = options;
    this.keys = keys;
    this.store = new CertificateStore(options.certDir(), "kubelet-server");
  }

  /** Loads what is there without asking anyone; handshakes fail while there is nothing. */
  void load() throws IOException {
    if (options.tlsCertFile() != null) {
      keys.replace(
          Flag.read(
              "--tls-cert-file, --tls-private-key-file",
              () -> Identity.read(options.tlsCertFile(), options.tlsPrivateKeyFile())));
    } else if (options.rotateServerCertificates()) {
      store.current().ifPresent(keys::replace);
    } else {
      keys.replace(selfSigned());
    }
  }

  /** Asks for a certificate if that is how it is got and there is none; waits for it. */
  void request(ApiClient client, Context context, Lifetime lifetime) throws IOException {
    if (options.tlsCertFile() != null
        || !options.rotateServerCertificates()
        || keys.certificate() != null) {
      return;
    }
    Backoff backoff = new Backoff(Duration.ofMillis(200), Duration.ofSeconds(30));
    while (!lifetime.ended()) {
      var pending =
          store.pending(
              new Subject("system:node:" + options.nodeName(), "system:nodes"), altNames());
      try {
        Identity identity =
            new CertificateRequester(client, context, lifetime).request(pending, SIGNER, USAGES);
        store.replace(identity);
        keys.replace(identity);
        LOG.info("{}: serving certificate issued", options.nodeName());
        return;
      } catch (CertificateRequester.RefusedException e) {
        LOG.warn("{}: no serving certificate: {}", options.nodeName(), e.getMessage());
        store.dropPending();
      } catch (Exception e) {
        LOG.warn("{}: no serving certificate yet: {}", options.nodeName(), e.getMessage());
      }
      lifetime.sleep(backoff.next());
    }
  }

  private SubjectAltNames altNames() {
    return SubjectAltNames.of(options.nodeName(), options.nodeIp());
  }

  private Identity selfSigned() throws IOException {
    Path certificate = options.certDir().resolve("kubelet.crt");
    Path key = options.certDir().resolve("kubelet.key");
    Optional<Identity> kept = Optional.empty();
    if (Files.exists(certificate) && Files.exists(key)) {
      kept = Optional.of(Identity.read(certificate, key));
    }
    if (kept.isPresent()) {
      return kept.get();
    }
    Identity made =
        CertificateAuthority.selfSigned(options.nodeName(), altNames(), SELF_SIGNED_VALIDITY);
    made.write(certificate, key);
    return made;
  }
}
