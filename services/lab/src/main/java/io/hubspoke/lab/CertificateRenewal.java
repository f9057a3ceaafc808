package io.hubspoke.lab;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Issues certificates in files anew, with the names that they have and other keys, as {@code
 * kubeadm certs renew} does.
 */
public record CertificateRenewal(CertificateAuthority by, Duration validity) {
  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

  /** Renews a certificate and its key; returns the new ones. */
  public Identity pair(Path certificate, Path key) throws IOException {
    var next = of(Pem.readCertificates(certificate).getFirst());
    next.write(certificate, key);
    return next;
  }

  /** Renews the user's certificate in a kubeconfig, and has it trust these authorities. */
  public Identity kubeconfig(Path file, List<X509Certificate> authorities) throws IOException {
    var old = Kubeconfig.read(file);
    var identity =
        old.user().identity().orElseThrow(() -> new IOException(file + ": no certificate"));
    var next = of(identity.certificate());
    trust(file, authorities, Kubeconfig.User.of(next));
    return next;
  }

  /** Has a kubeconfig trust these authorities; its user stays. */
  public static void trust(Path file, List<X509Certificate> authorities) throws IOException {
    trust(file, authorities, Kubeconfig.read(file).user());
  }

  private static void trust(Path file, List<X509Certificate> authorities, Kubeconfig.User user)
      throws IOException {
    var old = Kubeconfig.read(file);
    var cluster =
        new Kubeconfig.Cluster(
            old.cluster().server(),
            null,
            Pem.encode(authorities),
            old.cluster().tlsServerName(),
            old.cluster().insecureSkipTlsVerify());
    var context = old.context();
    new Kubeconfig(
            Map.of(context.cluster(), cluster),
            Map.of(context.user(), user),
            Map.of(old.currentContext(), context),
            old.currentContext())
        .write(file);
  }

  private Identity of(X509Certificate old) throws IOException {
    try {
      var subject = Subject.of(old);
      var names = old.getSubjectAlternativeNames();
      var usages = old.getExtendedKeyUsage();
      var profile =
          usages != null && usages.contains(SERVER_AUTH)
              ? CertificateProfile.server(
                  subject.commonName(),
                  SubjectAltNames.of(
                      names == null
                          ? List.of()
                          : names.stream().map(name -> (String) name.getLast()).toList()),
                  validity)
              : CertificateProfile.client(subject.commonName(), subject.organizations(), validity);
      return by.issue(profile);
    } catch (CertificateParsingException e) {
      throw new IOException("malformed certificate: " + e.getMessage(), e);
    }
  }
}
