package io.hubspoke.lab;

import io.hubspoke.lab.wire.Forger;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.ReloadableKeys;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.X509ExtendedKeyManager;

/** An authority that no component of the mesh trusts; what it signs is well-formed all the same. */
public final class ForeignAuthority implements Forger {
  private static final Duration VALIDITY = Duration.ofHours(1);

  private final CertificateAuthority authority;

  private ForeignAuthority(CertificateAuthority authority) {
    this.authority = authority;
  }

  /** Makes one that bears the same name as a cluster's, since a name proves nothing. */
  public static ForeignAuthority create() {
    return new ForeignAuthority(CertificateAuthority.create("kubernetes", VALIDITY));
  }

  /** Makes one of somebody else's key: what an interceptor has who got hold of it. */
  static ForeignAuthority leaked(CertificateAuthority authority) {
    return new ForeignAuthority(authority);
  }

  /** The certificate that a client would have to trust to be taken in. */
  public X509Certificate certificate() {
    return authority.certificate();
  }

  /** Issues a client identity with any name. */
  public Identity client(String commonName, List<String> groups) {
    return authority.issueClient(commonName, groups, VALIDITY);
  }

  @Override
  public X509ExtendedKeyManager forge(X509Certificate genuine) {
    var profile =
        CertificateProfile.server(Subject.of(genuine).commonName(), altNames(genuine), VALIDITY);
    var forged = authority.issue(profile);
    return new ReloadableKeys(forged);
  }

  private static SubjectAltNames altNames(X509Certificate genuine) {
    var names = new ArrayList<String>();
    try {
      var entries = genuine.getSubjectAlternativeNames();
      for (List<?> entry : entries == null ? List.<List<?>>of() : entries) {
        // RFC 5280 4.2.1.6: 2 is a DNS name, 7 an address.
        if (entry.getFirst() instanceof Integer type && (type == 2 || type == 7)) {
          names.add((String) entry.get(1));
        }
      }
    } catch (CertificateParsingException e) {
      throw new IllegalArgumentException("unreadable alternative names: " + e.getMessage(), e);
    }
    return SubjectAltNames.of(names);
  }
}
