package io.hubspoke.pki;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1String;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;

/**
 * The two attributes of a certificate's subject that Kubernetes gives a meaning: the common name is
 * the user, each organization a group.
 *
 * @param commonName empty when the subject has none; the last one when it has several, as Go reads
 *     it
 */
public record Subject(String commonName, List<String> organizations) {
  public Subject {
    organizations = List.copyOf(organizations);
  }

  public Subject(String commonName, String... organizations) {
    this(commonName, List.of(organizations));
  }

  /** Reads the subject of a certificate. */
  public static Subject of(X509Certificate certificate) {
    return of(X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()));
  }

  static Subject of(X500Name name) {
    var commonName = "";
    var organizations = new ArrayList<String>();
    for (var rdn : name.getRDNs()) {
      for (var attribute : rdn.getTypesAndValues()) {
        if (!(attribute.getValue() instanceof ASN1String value)) {
          continue;
        }
        if (attribute.getType().equals(BCStyle.CN)) {
          commonName = value.getString();
        } else if (attribute.getType().equals(BCStyle.O)) {
          organizations.add(value.getString());
        }
      }
    }
    return new Subject(commonName, organizations);
  }

  X500Name toName() {
    var builder = new X500NameBuilder(BCStyle.INSTANCE);
    // Values go in as ASN.1 strings: as Java strings a leading '#' or '\' would be interpreted.
    for (var organization : organizations) {
      builder.addRDN(BCStyle.O, new DERUTF8String(organization));
    }
    if (!commonName.isEmpty()) {
      builder.addRDN(BCStyle.CN, new DERUTF8String(commonName));
    }
    return builder.build();
  }
}
