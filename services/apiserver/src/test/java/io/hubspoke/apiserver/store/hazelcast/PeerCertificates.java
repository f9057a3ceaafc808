package io.hubspoke.apiserver.store.hazelcast;

import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.store.ClusterOptions.PeerTls;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** An authority of members, and what it issues. */
final class PeerCertificates {
  private final CertificateAuthority authority =
      CertificateAuthority.create("peers", TestApiserver.VALIDITY);
  private final Path dir;

  PeerCertificates(Path dir) throws IOException {
    this.dir = dir;
    Files.writeString(dir.resolve("peer-ca.crt"), Pem.encode(authority.certificate()));
  }

  CertificateAuthority authority() {
    return authority;
  }

  Identity issue(String commonName) {
    return authority.issue(
        CertificateProfile.peer(commonName, SubjectAltNames.NONE, TestApiserver.VALIDITY));
  }

  PeerTls write(String name) throws IOException {
    PeerTls files =
        new PeerTls(
            dir.resolve(name + ".crt"), dir.resolve(name + ".key"), dir.resolve("peer-ca.crt"));
    issue("hubspoke-store").write(files.certificate(), files.key());
    return files;
  }
}
