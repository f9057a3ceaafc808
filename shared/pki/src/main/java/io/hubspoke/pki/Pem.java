package io.hubspoke.pki;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.RSAPrivateKey;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;

/** Reads and writes certificates and keys in the textual encoding of RFC 7468. */
public final class Pem {
  static final int MAX_BYTES = 1 << 20;

  private static final Base64.Encoder ENCODER = Base64.getMimeEncoder(64, new byte[] {'\n'});

  private Pem() {}

  /** One block of a file. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Block(String type, byte[] der) {}

  public static String encode(X509Certificate certificate) {
    try {
      return encode("CERTIFICATE", certificate.getEncoded());
    } catch (CertificateException e) {
      throw new IllegalArgumentException("cannot encode the certificate", e);
    }
  }

  public static String encode(List<X509Certificate> chain) {
    var text = new StringBuilder();
    chain.forEach(certificate -> text.append(encode(certificate)));
    return text.toString();
  }

  /** Encodes a key as PKCS #8, which every client of Kubernetes reads. */
  public static String encode(PrivateKey key) {
    return encode("PRIVATE KEY", key.getEncoded());
  }

  public static String encode(PublicKey key) {
    return encode("PUBLIC KEY", key.getEncoded());
  }

  static String encode(String type, byte[] der) {
    return "-----BEGIN "
        + type
        + "-----\n"
        + ENCODER.encodeToString(der)
        + "\n-----END "
        + type
        + "-----\n";
  }

  /**
   * Reads all certificates of a text, in order.
   *
   * @throws IllegalArgumentException when there is none or one is malformed
   */
  public static List<X509Certificate> parseCertificates(String text) {
    var certificates = new ArrayList<X509Certificate>();
    for (var block : blocks(text)) {
      if (block.type.equals("CERTIFICATE")) {
        certificates.add(certificate(block.der));
      }
    }
    if (certificates.isEmpty()) {
      throw new IllegalArgumentException("no CERTIFICATE block found");
    }
    return List.copyOf(certificates);
  }

  /**
   * Reads the first private key of a text: PKCS #8, SEC 1 ({@code EC PRIVATE KEY}) or PKCS #1.
   *
   * @throws IllegalArgumentException when there is none or it is malformed
   */
  public static PrivateKey parsePrivateKey(String text) {
    for (var block : blocks(text)) {
      try {
        switch (block.type) {
          case "PRIVATE KEY" -> {
            return key(PrivateKeyInfo.getInstance(block.der));
          }
          case "EC PRIVATE KEY" -> {
            var key = ECPrivateKey.getInstance(block.der);
            var curve = key.getParametersObject();
            return key(
                new PrivateKeyInfo(
                    new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, curve), key));
          }
          case "RSA PRIVATE KEY" -> {
            return key(
                new PrivateKeyInfo(
                    new AlgorithmIdentifier(PKCSObjectIdentifiers.rsaEncryption, DERNull.INSTANCE),
                    RSAPrivateKey.getInstance(block.der)));
          }
          default -> {}
        }
      } catch (IOException | GeneralSecurityException | RuntimeException e) {
        // The cause is left out: a parser's message may quote what it read.
        throw new IllegalArgumentException("malformed or unsupported " + block.type);
      }
    }
    throw new IllegalArgumentException("no private key found");
  }

  public static List<X509Certificate> readCertificates(Path file) throws IOException {
    try {
      return parseCertificates(read(file));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  public static PrivateKey readPrivateKey(Path file) throws IOException {
    try {
      return parsePrivateKey(read(file));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  public static void writeCertificates(Path file, List<X509Certificate> chain) throws IOException {
    AtomicFile.writePublic(file, encode(chain));
  }

  /** Writes a key to a file that its owner alone may read, from its first moment on. */
  public static void writePrivateKey(Path file, PrivateKey key) throws IOException {
    AtomicFile.writePrivate(file, encode(key));
  }

  /** Splits a text into its blocks; text around them is skipped, as RFC 7468 section 2 allows. */
  static List<Block> blocks(String text) {
    if (text.length() > MAX_BYTES) {
      throw new IllegalArgumentException("PEM text is larger than " + MAX_BYTES + " bytes");
    }
    var blocks = new ArrayList<Block>();
    String type = null;
    var body = new StringBuilder();
    for (var line : (Iterable<String>) text.lines()::iterator) {
      var content = line.strip();
      if (type == null) {
        if (content.startsWith("-----BEGIN ") && content.endsWith("-----")) {
          type = content.substring(11, Math.max(11, content.length() - 5));
          body.setLength(0);
        }
      } else if (content.equals("-----END " + type + "-----")) {
        blocks.add(new Block(type, decode(type, body.toString())));
        type = null;
      } else {
        body.append(content);
      }
    }
    if (type != null) {
      throw new IllegalArgumentException("PEM block " + type + " has no end");
    }
    return blocks;
  }

  private static byte[] decode(String type, String body) {
    try {
      return Base64.getDecoder().decode(body);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("PEM block " + type + " is not Base64");
    }
  }

  static X509Certificate certificate(byte[] der) {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(der));
    } catch (CertificateException e) {
      throw new IllegalArgumentException("malformed certificate: " + e.getMessage(), e);
    }
  }

  private static PrivateKey key(PrivateKeyInfo info) throws IOException, GeneralSecurityException {
    return KeyPairs.factory(info.getPrivateKeyAlgorithm().getAlgorithm())
        .generatePrivate(new PKCS8EncodedKeySpec(info.getEncoded()));
  }

  static String read(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IllegalArgumentException("larger than " + MAX_BYTES + " bytes");
    }
    return Files.readString(file, StandardCharsets.US_ASCII);
  }
}
