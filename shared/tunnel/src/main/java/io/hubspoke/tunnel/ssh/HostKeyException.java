package io.hubspoke.tunnel.ssh;

import java.io.IOException;
import java.security.PublicKey;

/** Says that a server showed a key other than those by which it is known. */
public final class HostKeyException extends IOException {
  private static final long serialVersionUID = 1L;

  HostKeyException(PublicKeys known, PublicKey shown) {
    super(
        "the host key has changed: the server shows %s, known is %s"
            .formatted(PublicKeys.fingerprint(shown), known.fingerprints()));
  }
}
