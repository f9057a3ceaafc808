package io.hubspoke.lab.cluster;

import io.hubspoke.cluster.PeerTlsContext;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.CertificateUsage;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Who may be a member of a lab cluster: who has these files. Their authority vouches for nobody
 * else, and signs no more: its key is not kept.
 */
public final class LabKeys {
  private static final String CERTIFICATE = "member.crt";
  private static final String KEY = "member.key";
  private static final String AUTHORITY = "ca.crt";
  private static final String MEMBER = "hubspoke-lab-member";
  private static final long HANDSHAKE_SECONDS = 60;
  private static final Duration LIFE = Duration.ofDays(365);

  private final Identity identity;
  private final List<X509Certificate> authorities;

  private LabKeys(Identity identity, List<X509Certificate> authorities) {
    this.identity = identity;
    this.authorities = List.copyOf(authorities);
  }

  /** Reads the files of a directory, and makes them first if there are none. */
  public static LabKeys obtain(Path directory) throws IOException {
    if (!Files.exists(directory.resolve(KEY))) {
      var authority = CertificateAuthority.create("hubspoke-lab", LIFE);
      var now = Instant.now();
      var identity =
          authority.issue(
              new CertificateProfile(
                  new Subject(MEMBER),
                  SubjectAltNames.NONE,
                  EnumSet.of(
                      CertificateUsage.DIGITAL_SIGNATURE,
                      CertificateUsage.SERVER_AUTH,
                      CertificateUsage.CLIENT_AUTH),
                  now.minus(CertificateProfile.BACKDATE),
                  now.plus(LIFE.minusDays(1))));
      Files.createDirectories(directory);
      Pem.writeCertificates(directory.resolve(AUTHORITY), List.of(authority.certificate()));
      identity.write(directory.resolve(CERTIFICATE), directory.resolve(KEY));
    }
    return read(directory);
  }

  /**
   * Reads the files of a directory.
   *
   * @throws IOException when they are not what they should be; the message says which
   */
  public static LabKeys read(Path directory) throws IOException {
    try {
      return new LabKeys(
          Identity.read(directory.resolve(CERTIFICATE), directory.resolve(KEY)),
          Pem.readCertificates(directory.resolve(AUTHORITY)));
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  PeerTlsContext members() {
    return PeerTlsContext.of(identity, authorities);
  }

  /** Vert.x copies the options by way of JSON, which keys as text outlive alone. */
  EventBusOptions eventBus() {
    var trust = new PemTrustOptions();
    authorities.forEach(authority -> trust.addCertValue(Buffer.buffer(Pem.encode(authority))));
    var options =
        new EventBusOptions()
            .setSsl(true)
            .setClientAuth(ClientAuth.REQUIRED)
            // A machine that starts thousands of nodes may be busy.
            .setSslHandshakeTimeout(HANDSHAKE_SECONDS)
            .setSslHandshakeTimeoutUnit(TimeUnit.SECONDS)
            .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
            .setTrustOptions(trust);
    return options.setKeyCertOptions(
        new PemKeyCertOptions()
            .addCertValue(Buffer.buffer(Pem.encode(identity.chain())))
            .addKeyValue(Buffer.buffer(Pem.encode(identity.key()))));
  }
}
