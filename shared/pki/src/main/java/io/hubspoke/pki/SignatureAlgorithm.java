package io.hubspoke.pki;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.PrivateKey;
import java.security.Signature;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.operator.ContentSigner;

/**
 * The signature algorithms that are made and accepted. Bouncy Castle's own tables are not used:
 * they load hundreds of algorithms at start, among them SHA-1 and MD5.
 */
@SuppressWarnings("ImmutableEnumChecker") // Bouncy Castle's identifiers are immutable
enum SignatureAlgorithm {
  ECDSA_SHA256("SHA256withECDSA", X9ObjectIdentifiers.ecdsa_with_SHA256, null),
  ECDSA_SHA384("SHA384withECDSA", X9ObjectIdentifiers.ecdsa_with_SHA384, null),
  ECDSA_SHA512("SHA512withECDSA", X9ObjectIdentifiers.ecdsa_with_SHA512, null),
  RSA_SHA256("SHA256withRSA", PKCSObjectIdentifiers.sha256WithRSAEncryption, DERNull.INSTANCE),
  RSA_SHA384("SHA384withRSA", PKCSObjectIdentifiers.sha384WithRSAEncryption, DERNull.INSTANCE),
  RSA_SHA512("SHA512withRSA", PKCSObjectIdentifiers.sha512WithRSAEncryption, DERNull.INSTANCE),
  ED25519("Ed25519", EdECObjectIdentifiers.id_Ed25519, null);

  private final String jdkName;
  private final ASN1ObjectIdentifier oid;
  private final AlgorithmIdentifier identifier;

  SignatureAlgorithm(String jdkName, ASN1ObjectIdentifier oid, ASN1Encodable parameters) {
    this.jdkName = jdkName;
    this.oid = oid;
    this.identifier =
        parameters == null
            ? new AlgorithmIdentifier(oid)
            : new AlgorithmIdentifier(oid, parameters);
  }

  String jdkName() {
    return jdkName;
  }

  /** Returns the algorithm that a key of this kind signs with. */
  static SignatureAlgorithm forKey(Key key) {
    return switch (key.getAlgorithm()) {
      case "EC" -> ECDSA_SHA256;
      case "RSA" -> RSA_SHA256;
      case "EdDSA", "Ed25519" -> ED25519;
      default ->
          throw new IllegalArgumentException("unsupported key algorithm " + key.getAlgorithm());
    };
  }

  static SignatureAlgorithm byOid(ASN1ObjectIdentifier oid) {
    for (var algorithm : values()) {
      if (algorithm.oid.equals(oid)) {
        return algorithm;
      }
    }
    throw new IllegalArgumentException("unsupported signature algorithm " + oid.getId());
  }

  /** Returns a signer for Bouncy Castle's builders that signs with the JDK. */
  static ContentSigner signer(PrivateKey key) {
    var algorithm = forKey(key);
    var content = new ByteArrayOutputStream();
    return new ContentSigner() {
      @Override
      public AlgorithmIdentifier getAlgorithmIdentifier() {
        return algorithm.identifier;
      }

      @Override
      public OutputStream getOutputStream() {
        return content;
      }

      @Override
      public byte[] getSignature() {
        try {
          var signature = Signature.getInstance(algorithm.jdkName);
          signature.initSign(key);
          signature.update(content.toByteArray());
          return signature.sign();
        } catch (GeneralSecurityException e) {
          throw new IllegalArgumentException("cannot sign: " + e.getMessage(), e);
        }
      }
    };
  }
}
