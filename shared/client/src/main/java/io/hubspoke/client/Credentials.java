package io.hubspoke.client;

import io.hubspoke.pki.Identity;

/** What a client shows of itself to the apiserver. */
public sealed interface Credentials {
  /** Shows nothing: an anonymous request. */
  record None() implements Credentials {}

  /** A client certificate with its key. */
  record Certificate(Identity identity) implements Credentials {}

  /** A bearer token: a bootstrap token or a service account's. */
  record Token(String value) implements Credentials {
    public Token {
      if (value.isBlank() || value.chars().anyMatch(c -> c <= ' ' || c > '~')) {
        throw new IllegalArgumentException("a bearer token must be printable and without spaces");
      }
    }

    @Override
    public String toString() {
      return "Token[...]";
    }
  }
}
