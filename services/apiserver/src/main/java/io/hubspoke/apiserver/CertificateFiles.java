package io.hubspoke.apiserver;

import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.FollowedFiles;
import io.hubspoke.runtime.ReloadableKeys;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The certificate that the apiserver serves with and the authorities of its clients, followed on
 * disk: they are replaced without a restart.
 */
final class CertificateFiles {
  /** The real one is told of changes by the system, and looks each minute besides. */
  private static final Duration PERIOD = Duration.ofSeconds(1);

  private final FollowedFiles<Identity> serving;
  private final FollowedFiles<List<X509Certificate>> clientCa;
  private final FollowedFiles<List<X509Certificate>> proxyCa;
  private final ReloadableKeys keys;

  /**
   * Reads the files.
   *
   * @throws IOException naming the flag whose file can't be read
   */
  CertificateFiles(Vertx vertx, ApiserverOptions options) throws IOException {
    var certificate = options.serving().tlsCertFile();
    var key = options.serving().tlsPrivateKeyFile();
    serving =
        new FollowedFiles<>(
            vertx,
            "--tls-cert-file, --tls-private-key-file",
            List.of(certificate, key),
            () -> Identity.read(certificate, key));
    clientCa = authorities(vertx, "--client-ca-file", options.authn().clientCaFile());
    proxyCa =
        authorities(
            vertx,
            "--requestheader-client-ca-file",
            options.authn().requestHeader().clientCaFile());
    keys = new ReloadableKeys(serving.current());
  }

  private static FollowedFiles<List<X509Certificate>> authorities(
      Vertx vertx, String flag, Path file) throws IOException {
    return file == null
        ? null
        : new FollowedFiles<>(vertx, flag, List.of(file), () -> Pem.readCertificates(file));
  }

  /** What to serve with; replaced as the files are. */
  ReloadableKeys keys() {
    return keys;
  }

  /** The authorities of clients; none when client certificates count for nothing. */
  List<X509Certificate> clientCa() {
    return clientCa == null ? List.of() : clientCa.current();
  }

  /** The authorities of front proxies. */
  List<X509Certificate> proxyCa() {
    return proxyCa == null ? List.of() : proxyCa.current();
  }

  /** Those that clients are told of, which choose a certificate by them. */
  List<X509Certificate> issuers() {
    return Stream.concat(clientCa().stream(), proxyCa().stream()).distinct().toList();
  }

  /**
   * Follows the files until {@link #stop}.
   *
   * @param authoritiesChanged called on a worker thread
   */
  void follow(Runnable authoritiesChanged) {
    serving.follow(PERIOD, keys::replace);
    authorities().forEach(a -> a.follow(PERIOD, now -> authoritiesChanged.run()));
  }

  void stop() {
    serving.stop();
    authorities().forEach(FollowedFiles::stop);
  }

  private Stream<FollowedFiles<List<X509Certificate>>> authorities() {
    return Stream.of(Optional.ofNullable(clientCa), Optional.ofNullable(proxyCa))
        .flatMap(Optional::stream);
  }
}
