package io.hubspoke.pki;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.RSAPublicKey;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.math.ec.ECCurve;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;

/** Reads public keys, or takes them out of certificates and private keys. */
public final class PublicKeys {
  private PublicKeys() {}

  /**
   * Reads all keys of a file: public keys, and the public parts of certificates and private keys,
   * as {@code --service-account-key-file} takes them.
   *
   * @throws IllegalArgumentException when there is none or one is malformed
   */
  public static List<PublicKey> read(Path file) throws IOException {
    try {
      return parse(Pem.read(file));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  static List<PublicKey> parse(String text) {
    var keys = new ArrayList<PublicKey>();
    for (var block : Pem.blocks(text)) {
      switch (block.type()) {
        case "CERTIFICATE" -> keys.add(Pem.certificate(block.der()).getPublicKey());
        case "PUBLIC KEY", "RSA PUBLIC KEY" -> keys.add(decode(block));
        case "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY" ->
            keys.add(of(Pem.parsePrivateKey(Pem.encode(block.type(), block.der()))));
        default -> {}
      }
    }
    if (keys.isEmpty()) {
      throw new IllegalArgumentException("no public or private key found");
    }
    return List.copyOf(keys);
  }

  private static PublicKey decode(Pem.Block block) {
    try {
      var info =
          block.type().equals("PUBLIC KEY")
              ? SubjectPublicKeyInfo.getInstance(block.der())
              : new SubjectPublicKeyInfo(
                  new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE),
                  RSAPublicKey.getInstance(block.der()));
      return KeyPairs.factory(info.getAlgorithm().getAlgorithm())
          .generatePublic(new X509EncodedKeySpec(info.getEncoded()));
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      throw new IllegalArgumentException("malformed or unsupported " + block.type(), e);
    }
  }

  /**
   * Returns the public key of a private RSA or EC key.
   *
   * @throws IllegalArgumentException for other kinds
   */
  public static PublicKey of(PrivateKey key) {
    try {
      return switch (key) {
        case RSAPrivateCrtKey rsa ->
            KeyFactory.getInstance("RSA")
                .generatePublic(new RSAPublicKeySpec(rsa.getModulus(), rsa.getPublicExponent()));
        case ECPrivateKey ec ->
            KeyFactory.getInstance("EC")
                .generatePublic(new ECPublicKeySpec(point(ec), ec.getParams()));
        default ->
            throw new IllegalArgumentException(
                "a public key can't be told from a private one of kind " + key.getAlgorithm());
      };
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("unsupported " + key.getAlgorithm() + " key", e);
    }
  }

  /** Multiplies the curve's generator; the JDK shows no arithmetic of its own. */
  private static ECPoint point(ECPrivateKey key) {
    var parameters = key.getParams();
    if (!(parameters.getCurve().getField() instanceof java.security.spec.ECFieldFp field)) {
      throw new IllegalArgumentException("unsupported elliptic curve");
    }
    var curve =
        new ECCurve.Fp(
            field.getP(),
            parameters.getCurve().getA(),
            parameters.getCurve().getB(),
            parameters.getOrder(),
            BigInteger.valueOf(parameters.getCofactor()));
    var generator =
        curve.createPoint(
            parameters.getGenerator().getAffineX(), parameters.getGenerator().getAffineY());
    var point = new FixedPointCombMultiplier().multiply(generator, key.getS()).normalize();
    return new ECPoint(
        point.getAffineXCoord().toBigInteger(), point.getAffineYCoord().toBigInteger());
  }
}
