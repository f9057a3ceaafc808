package io.hubspoke.konnectivity.agent;

import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Certificates of one authority for all ends of a tunnel, in files as their flags want them. */
record Pki(Path folder) {
  private static final Duration DAY = Duration.ofDays(1);

  static Pki in(Path folder) throws IOException {
    var pki = new Pki(folder);
    Pem.writeCertificates(pki.ca(), List.of(ForeignServer.CA.certificate()));
    ForeignServer.CA
        .issueServer("server", SubjectAltNames.of("127.0.0.1", "localhost"), DAY)
        .write(pki.cert("server"), pki.key("server"));
    for (var name : List.of("agent", "client")) {
      ForeignServer.CA.issueClient(name, List.of(), DAY).write(pki.cert(name), pki.key(name));
    }
    return pki;
  }

  Path ca() {
    return folder.resolve("ca.crt");
  }

  Path cert(String name) {
    return folder.resolve(name + ".crt");
  }

  Path key(String name) {
    return folder.resolve(name + ".key");
  }

  Identity identity(String name) throws IOException {
    return Identity.read(cert(name), key(name));
  }
}
