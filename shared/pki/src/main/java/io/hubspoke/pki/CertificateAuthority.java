package io.hubspoke.pki;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;

/** Issues certificates under its own key. */
public final class CertificateAuthority {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Identity identity;

  private CertificateAuthority(Identity identity) {
    this.identity = identity;
  }

  /** Creates an authority with a fresh key and a certificate signed by itself. */
  public static CertificateAuthority create(String commonName, Duration validity) {
    var pair = KeyPairs.generate();
    var now = Instant.now();
    var name = new Subject(commonName).toName();
    var usages =
        Set.of(
            CertificateUsage.DIGITAL_SIGNATURE,
            CertificateUsage.KEY_ENCIPHERMENT,
            CertificateUsage.CERT_SIGN);
    var keyId = keyId(pair.getPublic());
    try {
      var builder =
          builder(
                  name,
                  name,
                  pair.getPublic(),
                  now.minus(CertificateProfile.BACKDATE),
                  now.plus(validity))
              .addExtension(Extension.keyUsage, true, CertificateUsage.keyUsage(usages).get())
              .addExtension(Extension.basicConstraints, true, new BasicConstraints(true))
              .addExtension(Extension.subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyId));
      var holder = builder.build(SignatureAlgorithm.signer(pair.getPrivate()));
      return new CertificateAuthority(
          new Identity(pair.getPrivate(), List.of(Pem.certificate(holder.getEncoded()))));
    } catch (IOException e) {
      throw new IllegalStateException("a certificate could not be encoded", e);
    }
  }

  /**
   * Wraps a key and certificate that exist.
   *
   * @throws IllegalArgumentException when the certificate may not sign others
   */
  public static CertificateAuthority of(Identity identity) {
    var certificate = identity.certificate();
    var usage = certificate.getKeyUsage();
    if (certificate.getBasicConstraints() < 0 || (usage != null && !usage[5])) {
      throw new IllegalArgumentException(
          "the certificate of " + certificate.getSubjectX500Principal() + " may not sign others");
    }
    return new CertificateAuthority(identity);
  }

  public static CertificateAuthority read(Path certificateFile, Path keyFile) throws IOException {
    return of(Identity.read(certificateFile, keyFile));
  }

  public void write(Path certificateFile, Path keyFile) throws IOException {
    identity.write(certificateFile, keyFile);
  }

  public X509Certificate certificate() {
    return identity.certificate();
  }

  /** Issues a certificate for a key; it never outlives the authority's own. */
  public X509Certificate issue(CertificateProfile profile, PublicKey publicKey) {
    var end = certificate().getNotAfter().toInstant();
    var notAfter = profile.notAfter().isAfter(end) ? end : profile.notAfter();
    var issuer = X500Name.getInstance(certificate().getSubjectX500Principal().getEncoded());
    var subject = profile.subject().toName();
    try {
      var builder = builder(issuer, subject, publicKey, profile.notBefore(), notAfter);
      var keyUsage = CertificateUsage.keyUsage(profile.usages());
      if (keyUsage.isPresent()) {
        builder.addExtension(Extension.keyUsage, true, keyUsage.get());
      }
      var extended = CertificateUsage.extendedKeyUsage(profile.usages());
      if (extended.isPresent()) {
        builder.addExtension(Extension.extendedKeyUsage, false, extended.get());
      }
      builder
          .addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
          .addExtension(
              Extension.authorityKeyIdentifier,
              false,
              new AuthorityKeyIdentifier(keyId(certificate().getPublicKey())))
          .addExtension(
              Extension.subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyId(publicKey)));
      if (!profile.altNames().isEmpty()) {
        // RFC 5280 section 4.2.1.6: critical when there is no subject.
        builder.addExtension(
            Extension.subjectAlternativeName,
            subject.getRDNs().length == 0,
            profile.altNames().toGeneralNames());
      }
      var holder = builder.build(SignatureAlgorithm.signer(identity.key()));
      return Pem.certificate(holder.getEncoded());
    } catch (IOException e) {
      throw new IllegalStateException("a certificate could not be encoded", e);
    }
  }

  /** Issues a server's certificate with a fresh key. */
  public Identity issueServer(String commonName, SubjectAltNames altNames, Duration validity) {
    return issue(CertificateProfile.server(commonName, altNames, validity));
  }

  /** Issues a client's certificate with a fresh key. */
  public Identity issueClient(String commonName, List<String> groups, Duration validity) {
    return issue(CertificateProfile.client(commonName, groups, validity));
  }

  /** Issues a certificate with a fresh key. */
  public Identity issue(CertificateProfile profile) {
    var pair = KeyPairs.generate();
    return new Identity(pair.getPrivate(), List.of(issue(profile, pair.getPublic())));
  }

  /**
   * Makes the serving identity that a kubelet has by default: issued by an authority that nobody
   * knows, whose key is forgotten at once.
   */
  public static Identity selfSigned(String host, SubjectAltNames altNames, Duration validity) {
    var stamp = Instant.now().getEpochSecond();
    var authority = create(host + "-ca@" + stamp, validity);
    var leaf = authority.issueServer(host + "@" + stamp, altNames, validity);
    return new Identity(leaf.key(), List.of(leaf.certificate(), authority.certificate()));
  }

  private static X509v3CertificateBuilder builder(
      X500Name issuer, X500Name subject, PublicKey key, Instant notBefore, Instant notAfter) {
    // RFC 5280 section 4.1.2.2: positive and at most 20 octets; random, so never guessed.
    var serial = new BigInteger(126, RANDOM).setBit(126);
    return new X509v3CertificateBuilder(
        issuer,
        serial,
        Date.from(notBefore),
        Date.from(notAfter),
        subject,
        SubjectPublicKeyInfo.getInstance(key.getEncoded()));
  }

  /** The identifier of RFC 5280 section 4.2.1.2, method 1. */
  private static byte[] keyId(PublicKey key) {
    try {
      var bits = SubjectPublicKeyInfo.getInstance(key.getEncoded()).getPublicKeyData();
      return MessageDigest.getInstance("SHA-1").digest(bits.getOctets());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK provides SHA-1", e);
    }
  }
}
