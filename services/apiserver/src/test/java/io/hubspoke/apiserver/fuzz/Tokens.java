package io.hubspoke.apiserver.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.hubspoke.tokens.CompactToken;
import io.hubspoke.tokens.TokenException;
import java.util.Base64;

/** A bearer token is taken apart, or said to be malformed. */
public final class Tokens {
  private Tokens() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, ISO_8859_1);
    parse(text);
    // Most of what can go wrong is behind the encoding.
    int half = text.indexOf('|');
    if (half >= 0) {
      parse(encoded(text.substring(0, half)) + "." + encoded(text.substring(half + 1)) + ".AAAA");
    }
  }

  private static String encoded(String part) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(part.getBytes(ISO_8859_1));
  }

  private static void parse(String text) {
    try {
      CompactToken.parse(text);
    } catch (TokenException malformed) {
      // As it should be.
    }
  }
}
