package io.hubspoke.lab.join;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The hashes of the public keys (RFC 7469) that an authority may have, as {@code
 * --discovery-token-ca-cert-hash} gives them. None means any.
 */
public record PublicKeyPins(List<String> hashes) {
  private static final Pattern FORM = Pattern.compile("sha256:[0-9a-f]{64}");

  /**
   * Takes hashes of the form {@code sha256:} and 64 hexadecimal digits.
   *
   * @throws IllegalArgumentException when one is of another form
   */
  public PublicKeyPins {
    hashes = hashes.stream().map(hash -> hash.toLowerCase(Locale.ROOT)).toList();
    for (var hash : hashes) {
      if (!FORM.matcher(hash).matches()) {
        throw new IllegalArgumentException(
            "invalid public key hash \"" + hash + "\", expected sha256: and 64 hexadecimal digits");
      }
    }
  }

  /** Returns the hash of a certificate's key. */
  public static String of(X509Certificate certificate) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      return "sha256:"
          + HexFormat.of().formatHex(digest.digest(certificate.getPublicKey().getEncoded()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns whether one of the authorities has a key of these. */
  boolean allow(List<X509Certificate> authorities) {
    return hashes.isEmpty() || authorities.stream().anyMatch(ca -> hashes.contains(of(ca)));
  }
}
