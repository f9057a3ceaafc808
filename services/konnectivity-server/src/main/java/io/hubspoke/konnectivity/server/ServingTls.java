package io.hubspoke.konnectivity.server;

import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.FollowedFiles;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.ReloadableTrust;
import io.hubspoke.runtime.Strangers;
import io.hubspoke.runtime.Tls;
import io.vertx.core.Vertx;
import io.vertx.core.net.TCPSSLOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Serves a port by TLS with what is in files, which are followed. */
final class ServingTls {
  private static final Duration LOOK = Duration.ofSeconds(5);

  private record Loaded(Identity identity, List<X509Certificate> clientAuthorities) {}

  private final ServingFiles files;
  private final FollowedFiles<Loaded> followed;
  private final ReloadableKeys keys;
  private final ReloadableTrust clients;

  private ServingTls(ServingFiles files, FollowedFiles<Loaded> followed) {
    this.files = files;
    this.followed = followed;
    Loaded first = followed.current();
    this.keys = new ReloadableKeys(first.identity);
    this.clients = files.clientCa() == null ? null : new ReloadableTrust(first.clientAuthorities);
  }

  /**
   * Reads the files, and again when they change.
   *
   * @param flags with which they are named, such as {@code --cluster}
   */
  static ServingTls follow(Vertx vertx, String flags, ServingFiles files) throws IOException {
    List<Path> paths = new ArrayList<>(List.of(files.cert(), files.key()));
    if (files.clientCa() != null) {
      paths.add(files.clientCa());
    }
    var tls =
        new ServingTls(
            files,
            new FollowedFiles<>(
                vertx,
                "%1$s-cert, %1$s-key, %1$s-ca-cert".formatted(flags),
                paths,
                () -> load(files)));
    tls.followed.follow(LOOK, tls::replace);
    return tls;
  }

  private static Loaded load(ServingFiles files) throws IOException {
    return new Loaded(
        Identity.read(files.cert(), files.key()),
        files.clientCa() == null ? List.of() : Pem.readCertificates(files.clientCa()));
  }

  private void replace(Loaded changed) {
    keys.replace(changed.identity);
    if (clients != null) {
      clients.replace(changed.clientAuthorities);
    }
  }

  <T extends TCPSSLOptions> T serve(T options, Strangers strangers) {
    files.cipherSuites().forEach(options::addEnabledCipherSuite);
    return Tls.announce(
        clients == null
            ? Tls.serve(options, keys, null)
            : Tls.serveVerified(options, keys, clients),
        strangers::arrived);
  }

  void stop() {
    followed.stop();
  }
}
