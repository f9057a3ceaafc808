package io.hubspoke.konnectivity.agent;

import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.FollowedFiles;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.ReloadableTrust;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What an agent shows servers and verifies them by, from files that are renewed in place. What
 * changes counts from the next connection on.
 */
final class ServerCredentials {
  private static final Duration PERIOD = Duration.ofSeconds(1);

  private final ServerAccess access;
  private final ReloadableKeys keys;
  private final ReloadableTrust trust;
  private final List<FollowedFiles<?>> files = new ArrayList<>();

  /**
   * Reads the files.
   *
   * @throws IOException naming the flag of a file that can't be read
   */
  ServerCredentials(Vertx vertx, ServerAccess access) throws IOException {
    this.access = access;
    var authorities =
        new FollowedFiles<List<X509Certificate>>(
            vertx,
            "--ca-cert",
            List.of(access.caCert()),
            () -> Pem.readCertificates(access.caCert()));
    this.trust = new ReloadableTrust(authorities.current());
    authorities.follow(PERIOD, trust::replace);
    files.add(authorities);
    if (access.agentCert() == null) {
      this.keys = null;
    } else {
      var identity =
          new FollowedFiles<>(
              vertx,
              "--agent-cert, --agent-key",
              List.of(access.agentCert(), access.agentKey()),
              () -> Identity.read(access.agentCert(), access.agentKey()));
      this.keys = new ReloadableKeys(identity.current());
      identity.follow(PERIOD, keys::replace);
      files.add(identity);
    }
  }

  /** Returns what is shown in handshakes; null for nothing. */
  ReloadableKeys keys() {
    return keys;
  }

  ReloadableTrust trust() {
    return trust;
  }

  /**
   * Reads the token that is shown now. Called on a thread that may block.
   *
   * @throws IOException when it can't be read
   */
  Optional<String> token() throws IOException {
    if (access.serviceAccountTokenPath() == null) {
      return Optional.empty();
    }
    // A newline at its end is no part of it, and would be no header.
    return Optional.of(Files.readString(access.serviceAccountTokenPath()).strip());
  }

  void stop() {
    files.forEach(FollowedFiles::stop);
  }
}
