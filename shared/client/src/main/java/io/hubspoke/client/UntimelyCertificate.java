package io.hubspoke.client;

import java.net.URI;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import javax.net.ssl.SSLHandshakeException;

/** Says of a server that could not be verified when its certificate is of another time. */
final class UntimelyCertificate {
  private UntimelyCertificate() {}

  /** Returns a failure whose message names the dates; any other failure as it is. */
  static Throwable explained(Throwable failure, URI server) {
    int depth = 0;
    for (var cause = failure; cause != null && depth < 16; cause = cause.getCause()) {
      if (cause instanceof CertificateNotYetValidException
          || cause instanceof CertificateExpiredException) {
        var when =
            cause instanceof CertificateExpiredException
                ? "is not valid any more"
                : "is not valid yet";
        var explained =
            new SSLHandshakeException(
                "the certificate of %s %s: %s; this machine's clock says %s"
                    .formatted(
                        server,
                        when,
                        cause.getMessage(),
                        Instant.now().truncatedTo(ChronoUnit.SECONDS)));
        explained.initCause(failure);
        return explained;
      }
      depth++;
    }
    return failure;
  }
}
