package io.hubspoke.tokens;

/** Says why a token is not valid; never quotes the token. */
public final class TokenException extends Exception {
  public TokenException(String message) {
    super(message, null, false, false);
  }
}
