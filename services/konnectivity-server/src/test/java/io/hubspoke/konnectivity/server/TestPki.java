package io.hubspoke.konnectivity.server;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.X509ExtendedTrustManager;

/** Certificates of a server, and of those who may call it. */
final class TestPki {
  private static final Duration VALIDITY = Duration.ofHours(1);

  final CertificateAuthority authority = CertificateAuthority.create("konnectivity-ca", VALIDITY);
  final ServingFiles files;

  TestPki(Path directory) throws IOException {
    Identity server =
        authority.issueServer("server", SubjectAltNames.of("127.0.0.1", "localhost"), VALIDITY);
    files =
        new ServingFiles(
            directory.resolve("server.crt"),
            directory.resolve("server.key"),
            directory.resolve("ca.crt"));
    server.write(files.cert(), files.key());
    Pem.writeCertificates(files.clientCa(), List.of(authority.certificate()));
  }

  ReloadableKeys client() {
    return new ReloadableKeys(authority.issueClient("client", List.of(), VALIDITY));
  }

  X509ExtendedTrustManager trust() {
    return Tls.trust(List.of(authority.certificate()));
  }

  /** What nobody vouches for. */
  static ReloadableKeys rogue() {
    return new ReloadableKeys(
        CertificateAuthority.create("rogue", VALIDITY).issueClient("client", List.of(), VALIDITY));
  }
}
