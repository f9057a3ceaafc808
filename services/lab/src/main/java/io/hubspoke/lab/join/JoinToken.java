package io.hubspoke.lab.join;

import java.security.SecureRandom;
import java.util.regex.Pattern;

/** A bootstrap token: a public part that names it, and a secret one. */
public record JoinToken(String id, String secret) {
  static final String FORM = "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z";
  private static final Pattern PATTERN = Pattern.compile(FORM);
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final String ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

  /** Makes a random one. */
  public static JoinToken generate() {
    return new JoinToken(random(6), random(16));
  }

  /**
   * Reads {@code abcdef.0123456789abcdef}.
   *
   * @throws IllegalArgumentException when it is of another form; the message doesn't repeat it
   */
  public static JoinToken parse(String text) {
    var parts = PATTERN.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "the bootstrap token was not of the form \"" + FORM + "\"");
    }
    return new JoinToken(parts.group(1), parts.group(2));
  }

  /** What the bearer sends. */
  public String value() {
    return id + "." + secret;
  }

  @Override
  public String toString() {
    return id + ".***";
  }

  private static String random(int length) {
    var text = new StringBuilder();
    for (var i = 0; i < length; i++) {
      text.append(ALPHABET.charAt(RANDOM.nextInt(ALPHABET.length())));
    }
    return text.toString();
  }
}
