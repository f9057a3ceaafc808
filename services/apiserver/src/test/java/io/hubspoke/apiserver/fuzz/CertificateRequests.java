package io.hubspoke.apiserver.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.hubspoke.pki.Csr;
import java.util.Base64;

/** A signing request is read, or said to be malformed. */
public final class CertificateRequests {
  private CertificateRequests() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, ISO_8859_1);
    parse(text);
    // Most of what can go wrong is behind the armour.
    String der = Base64.getMimeEncoder().encodeToString(input);
    parse("-----BEGIN CERTIFICATE REQUEST-----\n" + der + "\n-----END CERTIFICATE REQUEST-----\n");
  }

  private static void parse(String pem) {
    try {
      Csr.parse(pem);
    } catch (IllegalArgumentException malformed) {
      // As it should be.
    }
  }
}
