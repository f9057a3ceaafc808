package io.hubspoke.pki;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;

/** Generates keys with the JDK's own providers. */
public final class KeyPairs {
  private KeyPairs() {}

  /** Generates an EC key on curve P-256. */
  public static KeyPair generate() {
    try {
      var generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (NoSuchAlgorithmException | InvalidAlgorithmParameterException e) {
      throw new IllegalStateException("every JDK provides EC keys on P-256", e);
    }
  }

  /**
   * Returns the JDK's reader of encoded keys of an algorithm.
   *
   * @throws IllegalArgumentException for an algorithm that certificates here don't have
   */
  static KeyFactory factory(ASN1ObjectIdentifier algorithm) throws NoSuchAlgorithmException {
    if (algorithm.equals(X9ObjectIdentifiers.id_ecPublicKey)) {
      return KeyFactory.getInstance("EC");
    }
    if (algorithm.equals(PKCSObjectIdentifiers.rsaEncryption)) {
      return KeyFactory.getInstance("RSA");
    }
    if (algorithm.equals(EdECObjectIdentifiers.id_Ed25519)) {
      return KeyFactory.getInstance("Ed25519");
    }
    throw new IllegalArgumentException("unsupported key algorithm " + algorithm.getId());
  }

  /** Tells whether a private and a public key belong together, by signing and verifying. */
  static boolean match(PrivateKey key, PublicKey publicKey) {
    if (!key.getAlgorithm().equals(publicKey.getAlgorithm())) {
      return false;
    }
    try {
      var probe = "hubspoke".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
      var algorithm = SignatureAlgorithm.forKey(key);
      var signer = Signature.getInstance(algorithm.jdkName());
      signer.initSign(key);
      signer.update(probe);
      var verifier = Signature.getInstance(algorithm.jdkName());
      verifier.initVerify(publicKey);
      verifier.update(probe);
      return verifier.verify(signer.sign());
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
