package io.hubspoke.pki;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;

/** Generates keys with the JDK's own providers. */
public final class KeyPairs {
  private static final int KNOWN_LIMIT = 256;

  /** Digests of pairs that belong together: the same files are read again and again. */
  private static final Set<ByteBuffer> KNOWN =
      Collections.newSetFromMap(
          new LinkedHashMap<>() {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Boolean> eldest) {
              return size() > KNOWN_LIMIT;
            }
          });

  private KeyPairs() {}

  /** Generates an EC key on curve P-256. */
  public static KeyPair generate() {
    try {
      var generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      var pair = generator.generateKeyPair();
      know(digest(pair.getPrivate(), pair.getPublic()));
      return pair;
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

  /**
   * Tells whether a private and a public key belong together, by signing and verifying, unless the
   * same two are known to.
   */
  static boolean match(PrivateKey key, PublicKey publicKey) {
    if (!key.getAlgorithm().equals(publicKey.getAlgorithm())) {
      return false;
    }
    var digest = digest(key, publicKey);
    if (isKnown(digest)) {
      return true;
    }
    var matches = signsFor(key, publicKey);
    if (matches) {
      know(digest);
    }
    return matches;
  }

  private static boolean signsFor(PrivateKey key, PublicKey publicKey) {
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

  private static boolean isKnown(ByteBuffer digest) {
    synchronized (KNOWN) {
      return KNOWN.contains(digest);
    }
  }

  private static void know(ByteBuffer digest) {
    synchronized (KNOWN) {
      KNOWN.add(digest);
    }
  }

  /** Of all that both are; of a public key the encoding says where it ends itself. */
  private static ByteBuffer digest(PrivateKey key, PublicKey publicKey) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      digest.update(publicKey.getEncoded());
      return ByteBuffer.wrap(digest.digest(key.getEncoded()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK provides SHA-256", e);
    }
  }
}
