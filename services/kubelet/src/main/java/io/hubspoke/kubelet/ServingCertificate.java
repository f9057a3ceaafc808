package io.hubspoke.kubelet;

import io.hubspoke.client.ApiClient;
import io.hubspoke.kubelet.server.CertificateLife;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.FollowedFiles;
import io.hubspoke.runtime.ReloadableKeys;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Provides the certificate of the kubelet's API: from files, by a CertificateSigningRequest ({@code
 * --rotate-server-certificates}), or signed by nobody whom anyone knows, which is the default.
 */
final class ServingCertificate {
  private static final String SIGNER = "kubernetes.io/kubelet-serving";
  private static final List<String> USAGES = List.of("digital signature", "server auth");
  private static final Duration SELF_SIGNED_VALIDITY = Duration.ofDays(365);

  private static final Duration LOOK_AT_FILES = Duration.ofSeconds(2);

  private final Vertx vertx;
  private final KubeletOptions options;
  private final ReloadableKeys keys;
  private final CertificateStore store;
  private FollowedFiles<Identity> files;

  ServingCertificate(Vertx vertx, KubeletOptions options, ReloadableKeys keys) {
    this.vertx = vertx;
    this.options = options;
    this.keys = keys;
    this.store = new CertificateStore(options.certDir(), "kubelet-server");
  }

  /** Loads what is there without asking anyone; handshakes fail while there is nothing. */
  void load() throws IOException {
    if (options.tlsCertFile() != null) {
      files =
          new FollowedFiles<>(
              vertx,
              "--tls-cert-file, --tls-private-key-file",
              List.of(options.tlsCertFile(), options.tlsPrivateKeyFile()),
              () -> Identity.read(options.tlsCertFile(), options.tlsPrivateKeyFile()));
      keys.replace(files.current());
      files.follow(LOOK_AT_FILES, keys::replace);
    } else if (options.rotateServerCertificates()) {
      store.current().ifPresent(keys::replace);
    } else {
      keys.replace(selfSigned());
    }
  }

  /** Stops looking at files. */
  void close() {
    if (files != null) {
      files.stop();
    }
  }

  /**
   * Asks for a certificate if that is how it is got, and again before it ends or when it names
   * other addresses; waits, so it runs on a virtual thread.
   */
  void renew(ApiClient client, Context context, CertificateLife life, Lifetime lifetime) {
    if (options.tlsCertFile() != null || !options.rotateServerCertificates()) {
      return;
    }
    var rotation =
        new CertificateRotation(
            options.nodeName(),
            new CertificateRotation.Wanted(
                "serving certificate",
                new Subject("system:node:" + options.nodeName(), "system:nodes"),
                altNames(),
                SIGNER,
                USAGES),
            store,
            client,
            ended -> null,
            keys::replace,
            life);
    rotation.run(keys::certificate, context, lifetime);
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
