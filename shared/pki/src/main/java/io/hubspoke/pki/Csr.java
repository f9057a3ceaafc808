package io.hubspoke.pki;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCS10CertificationRequestBuilder;

/**
 * A certificate signing request (PKCS #10, RFC 2986) whose signature has been verified.
 *
 * @param usages what its extension request asks for; signers of Kubernetes go by the API object's
 *     usages instead
 */
public record Csr(
    Subject subject, SubjectAltNames altNames, Set<CertificateUsage> usages, PublicKey publicKey) {
  /** More than any real request needs; RSA keys of 8192 bits with a hundred names fit. */
  static final int MAX_BYTES = 32 * 1024;

  private static final int MAX_RSA_BITS = 8192;
  private static final int MIN_RSA_BITS = 2048;

  public Csr {
    usages = Set.copyOf(usages);
  }

  /** Creates a request in PEM, signed with the key it is for. */
  public static String create(Subject subject, SubjectAltNames altNames, KeyPair key) {
    try {
      var builder =
          new PKCS10CertificationRequestBuilder(
              subject.toName(), SubjectPublicKeyInfo.getInstance(key.getPublic().getEncoded()));
      if (!altNames.isEmpty()) {
        var extensions = new ExtensionsGenerator();
        extensions.addExtension(Extension.subjectAlternativeName, false, altNames.toGeneralNames());
        builder.addAttribute(
            PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate());
      }
      return Pem.encode(
          "CERTIFICATE REQUEST",
          builder.build(SignatureAlgorithm.signer(key.getPrivate())).getEncoded());
    } catch (IOException e) {
      throw new IllegalStateException("a request could not be encoded", e);
    }
  }

  /**
   * Reads a request in PEM and verifies that its sender holds the key.
   *
   * @throws IllegalArgumentException with what is wrong, when it is not exactly one well-formed
   *     request signed by its own key
   */
  public static Csr parse(String pem) {
    if (pem.length() > MAX_BYTES) {
      throw new IllegalArgumentException(
          "certificate request is larger than " + MAX_BYTES + " bytes");
    }
    var blocks = Pem.blocks(pem);
    if (blocks.size() != 1 || !blocks.getFirst().type().equals("CERTIFICATE REQUEST")) {
      throw new IllegalArgumentException("PEM block type must be CERTIFICATE REQUEST");
    }
    try {
      var der = blocks.getFirst().der();
      var request = new PKCS10CertificationRequest(der);
      // What is verified is an encoding of what was read; it must be what was sent.
      if (!Arrays.equals(der, request.toASN1Structure().getEncoded(ASN1Encoding.DER))) {
        throw new IllegalArgumentException("it is not in DER");
      }
      var key = publicKey(request.getSubjectPublicKeyInfo());
      verify(request, key);
      var extensions = extensions(request);
      if (extensions.isEmpty()) {
        return new Csr(Subject.of(request.getSubject()), SubjectAltNames.NONE, Set.of(), key);
      }
      return new Csr(
          Subject.of(request.getSubject()),
          altNames(extensions.get()),
          CertificateUsage.of(
              KeyUsage.fromExtensions(extensions.get()),
              ExtendedKeyUsage.fromExtensions(extensions.get())),
          key);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      // Bouncy Castle reports hostile input by many kinds of unchecked exception.
      throw new IllegalArgumentException("malformed certificate request: " + e.getMessage(), e);
    }
  }

  private static PublicKey publicKey(SubjectPublicKeyInfo info)
      throws GeneralSecurityException, IOException {
    var key =
        KeyPairs.factory(info.getAlgorithm().getAlgorithm())
            .generatePublic(new X509EncodedKeySpec(info.getEncoded(ASN1Encoding.DER)));
    if (key instanceof RSAPublicKey rsa) {
      var bits = rsa.getModulus().bitLength();
      // Below is weak; above, and with a huge exponent, verifying costs seconds.
      if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS || rsa.getPublicExponent().bitLength() > 32) {
        throw new IllegalArgumentException("unsupported RSA key of " + bits + " bits");
      }
    }
    return key;
  }

  private static void verify(PKCS10CertificationRequest request, PublicKey key)
      throws GeneralSecurityException, IOException {
    var algorithm = SignatureAlgorithm.byOid(request.getSignatureAlgorithm().getAlgorithm());
    var signature = Signature.getInstance(algorithm.jdkName());
    signature.initVerify(key);
    signature.update(
        request.toASN1Structure().getCertificationRequestInfo().getEncoded(ASN1Encoding.DER));
    if (!signature.verify(request.getSignature())) {
      throw new IllegalArgumentException("the signature does not match the key");
    }
  }

  private static Optional<Extensions> extensions(PKCS10CertificationRequest request) {
    var attributes = request.getAttributes(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest);
    if (attributes.length == 0) {
      return Optional.empty();
    }
    if (attributes.length > 1 || attributes[0].getAttrValues().size() != 1) {
      throw new IllegalArgumentException("more than one extension request");
    }
    return Optional.of(Extensions.getInstance(attributes[0].getAttrValues().getObjectAt(0)));
  }

  private static SubjectAltNames altNames(Extensions extensions) {
    var names = GeneralNames.fromExtensions(extensions, Extension.subjectAlternativeName);
    return names == null ? SubjectAltNames.NONE : SubjectAltNames.of(names);
  }
}
