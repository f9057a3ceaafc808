package io.hubspoke.lab.wire;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** What a TLS peer ended a connection with (RFC 8446, 6.2), as the JDK and OpenSSL tell of it. */
public final class TlsAlert {
  private static final Pattern TOLD =
      Pattern.compile("fatal alert: (\\w+)|OPENSSL_internal:(?:SSLV3|TLSV1)_(?:ALERT_)?(\\w+)");

  private TlsAlert() {}

  /** Returns the alert's name, such as {@code bad_certificate}, if it was one. */
  public static Optional<String> of(Throwable failure) {
    for (var cause = failure; cause != null; cause = cause.getCause()) {
      if (cause.getMessage() != null) {
        var told = TOLD.matcher(cause.getMessage());
        if (told.find()) {
          var name = told.group(1) == null ? told.group(2) : told.group(1);
          return Optional.of(name.toLowerCase(Locale.ROOT));
        }
      }
    }
    return Optional.empty();
  }
}
