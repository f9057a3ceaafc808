package io.hubspoke.client;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/** What a client shows of itself to the apiserver. */
public sealed interface Credentials {
  /** Shows nothing: an anonymous request. */
  record None() implements Credentials {}

  /** A client certificate with its chain, leaf first, and its key. */
  record Certificate(PrivateKey key, List<X509Certificate> chain) implements Credentials {
    public Certificate {
      chain = List.copyOf(chain);
      if (chain.isEmpty()) {
        throw new IllegalArgumentException("a client certificate's chain is empty");
      }
    }

    @Override
    public String toString() {
      return "Certificate[" + chain.getFirst().getSubjectX500Principal() + "]";
    }
  }

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
