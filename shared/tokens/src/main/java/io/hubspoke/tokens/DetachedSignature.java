package io.hubspoke.tokens;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The signature of a text by a secret that two sides share, beside the text (RFC 7515, appendix F):
 * how a bootstrap token vouches for what {@code cluster-info} says. The same text and token always
 * give the same signature.
 */
public final class DetachedSignature {
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  private DetachedSignature() {}

  /**
   * Signs a text.
   *
   * @param keyId names the secret; of letters and digits
   */
  public static String of(String text, String keyId, String secret) {
    var header = encode("{\"alg\":\"HS256\",\"kid\":\"" + keyId + "\"}");
    try {
      var mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      var signature =
          mac.doFinal((header + "." + encode(text)).getBytes(StandardCharsets.US_ASCII));
      return header + ".." + BASE64.encodeToString(signature);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns whether a signature is that of the text; takes as long for each that is not. */
  public static boolean matches(String signature, String text, String keyId, String secret) {
    return MessageDigest.isEqual(
        signature.getBytes(StandardCharsets.UTF_8),
        of(text, keyId, secret).getBytes(StandardCharsets.UTF_8));
  }

  private static String encode(String text) {
    return BASE64.encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
