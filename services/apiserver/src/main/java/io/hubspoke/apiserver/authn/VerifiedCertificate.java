package io.hubspoke.apiserver.authn;

import io.hubspoke.apiserver.http.User;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/** What became of a client certificate; judged once by the same authorities. */
public sealed interface VerifiedCertificate {
  /** Its chain ends at the client CA; it counts between these times. */
  record Valid(User user, Instant notBefore, Instant notAfter) implements VerifiedCertificate {
    /** Returns while it counts: connections outlive certificates. */
    void check(Instant now) throws AuthenticationException {
      Optional<String> untimely = untimely(notBefore, notAfter, now);
      if (untimely.isPresent()) {
        throw new AuthenticationException(untimely.get());
      }
    }
  }

  /** Says what the times are of a certificate that does not count now; empty when it does. */
  static Optional<String> untimely(Instant notBefore, Instant notAfter, Instant now) {
    String problem =
        now.isAfter(notAfter)
            ? "after " + notAfter
            : now.isBefore(notBefore) ? "before " + notBefore : "";
    return problem.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "x509: certificate has expired or is not yet valid: current time %s is %s"
                .formatted(now.truncatedTo(ChronoUnit.SECONDS), problem));
  }

  record Invalid(String reason) implements VerifiedCertificate {}

  /** It verifies but names nobody: a request with it is one without credentials. */
  record Nameless() implements VerifiedCertificate {}
}
