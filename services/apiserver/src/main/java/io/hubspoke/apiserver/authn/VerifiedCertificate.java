package io.hubspoke.apiserver.authn;

import io.hubspoke.apiserver.http.User;
import java.time.Instant;

/** What became of a client certificate; judged once by the same authorities. */
public sealed interface VerifiedCertificate {
  /** Its chain ends at the client CA; it counts between these times. */
  record Valid(User user, Instant notBefore, Instant notAfter) implements VerifiedCertificate {
    /** Returns while it counts: connections outlive certificates. */
    void check(Instant now) throws AuthenticationException {
      if (now.isAfter(notAfter) || now.isBefore(notBefore)) {
        throw new AuthenticationException("x509: certificate has expired or is not yet valid");
      }
    }
  }

  record Invalid(String reason) implements VerifiedCertificate {}

  /** It verifies but names nobody: a request with it is one without credentials. */
  record Nameless() implements VerifiedCertificate {}
}
