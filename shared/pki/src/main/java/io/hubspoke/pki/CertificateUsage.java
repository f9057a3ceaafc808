package io.hubspoke.pki;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;

/**
 * What a certificate may be used for, under the names of {@code certificates.k8s.io/v1 KeyUsage}.
 */
@SuppressWarnings("ImmutableEnumChecker") // Bouncy Castle's identifiers are immutable
public enum CertificateUsage {
  SIGNING("signing", KeyUsage.digitalSignature),
  DIGITAL_SIGNATURE("digital signature", KeyUsage.digitalSignature),
  CONTENT_COMMITMENT("content commitment", KeyUsage.nonRepudiation),
  KEY_ENCIPHERMENT("key encipherment", KeyUsage.keyEncipherment),
  KEY_AGREEMENT("key agreement", KeyUsage.keyAgreement),
  DATA_ENCIPHERMENT("data encipherment", KeyUsage.dataEncipherment),
  CERT_SIGN("cert sign", KeyUsage.keyCertSign),
  CRL_SIGN("crl sign", KeyUsage.cRLSign),
  ENCIPHER_ONLY("encipher only", KeyUsage.encipherOnly),
  DECIPHER_ONLY("decipher only", KeyUsage.decipherOnly),
  ANY("any", KeyPurposeId.anyExtendedKeyUsage),
  SERVER_AUTH("server auth", KeyPurposeId.id_kp_serverAuth),
  CLIENT_AUTH("client auth", KeyPurposeId.id_kp_clientAuth),
  CODE_SIGNING("code signing", KeyPurposeId.id_kp_codeSigning),
  EMAIL_PROTECTION("email protection", KeyPurposeId.id_kp_emailProtection),
  S_MIME("s/mime", KeyPurposeId.id_kp_emailProtection),
  IPSEC_END_SYSTEM("ipsec end system", KeyPurposeId.id_kp_ipsecEndSystem),
  IPSEC_TUNNEL("ipsec tunnel", KeyPurposeId.id_kp_ipsecTunnel),
  IPSEC_USER("ipsec user", KeyPurposeId.id_kp_ipsecUser),
  TIMESTAMPING("timestamping", KeyPurposeId.id_kp_timeStamping),
  OCSP_SIGNING("ocsp signing", KeyPurposeId.id_kp_OCSPSigning),
  MICROSOFT_SGC("microsoft sgc", purpose("1.3.6.1.4.1.311.10.3.3")),
  NETSCAPE_SGC("netscape sgc", purpose("2.16.840.1.113730.4.1"));

  private final String apiName;
  private final int bit;
  private final KeyPurposeId purpose;

  CertificateUsage(String apiName, int bit) {
    this.apiName = apiName;
    this.bit = bit;
    this.purpose = null;
  }

  CertificateUsage(String apiName, KeyPurposeId purpose) {
    this.apiName = apiName;
    this.bit = 0;
    this.purpose = purpose;
  }

  private static KeyPurposeId purpose(String oid) {
    return KeyPurposeId.getInstance(new ASN1ObjectIdentifier(oid));
  }

  /** Returns the name that a CertificateSigningRequest uses, such as {@code server auth}. */
  public String apiName() {
    return apiName;
  }

  /** Finds a usage by the name that a CertificateSigningRequest uses. */
  public static Optional<CertificateUsage> byApiName(String name) {
    for (var usage : values()) {
      if (usage.apiName.equals(name)) {
        return Optional.of(usage);
      }
    }
    return Optional.empty();
  }

  static Optional<KeyUsage> keyUsage(Set<CertificateUsage> usages) {
    var bits = 0;
    for (var usage : usages) {
      bits |= usage.bit;
    }
    return bits == 0 ? Optional.empty() : Optional.of(new KeyUsage(bits));
  }

  static Optional<ExtendedKeyUsage> extendedKeyUsage(Set<CertificateUsage> usages) {
    var purposes =
        usages.stream()
            .filter(usage -> usage.purpose != null)
            .map(usage -> usage.purpose)
            .distinct()
            .toArray(KeyPurposeId[]::new);
    return purposes.length == 0 ? Optional.empty() : Optional.of(new ExtendedKeyUsage(purposes));
  }

  static Set<CertificateUsage> of(KeyUsage keyUsage, ExtendedKeyUsage extended) {
    var usages = EnumSet.noneOf(CertificateUsage.class);
    for (var usage : values()) {
      // "signing" and "s/mime" are second names of usages that are listed too.
      if (usage == SIGNING || usage == S_MIME) {
        continue;
      }
      if ((usage.bit != 0 && keyUsage != null && keyUsage.hasUsages(usage.bit))
          || (usage.purpose != null
              && extended != null
              && extended.hasKeyPurposeId(usage.purpose))) {
        usages.add(usage);
      }
    }
    return usages;
  }
}
