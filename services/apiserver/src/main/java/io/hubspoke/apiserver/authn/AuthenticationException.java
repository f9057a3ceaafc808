package io.hubspoke.apiserver.authn;

/** Says why credentials are not valid; for the log, never for the client. */
public final class AuthenticationException extends Exception {
  public AuthenticationException(String message) {
    super(message, null, false, false);
  }
}
