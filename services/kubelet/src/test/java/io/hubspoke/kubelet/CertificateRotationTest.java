package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.CertificateUsage;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.testing.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CertificateRotationTest {
  private static final String REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests/";
  private static final Duration SHORT = Duration.ofSeconds(4);

  @TempDir private Path directory;
  private TestNode node;

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  @Test
  void a_client_certificate_is_renewed_before_it_ends_and_each_request_shows_a_valid_one()
      throws Exception {
    node = new TestNode(directory, "127.10.131.1");
    signs(SHORT);
    node.start(SHORT, o -> o.nodeLeaseDuration(Duration.ofSeconds(1)));

    Await.until("four certificates were shown", () -> serials().size() >= 4);

    assertThat(node.apiserver.shown()).noneMatch(FakeApiserver.Shown::expired);
    assertThat(requesters()).containsOnly("CN=system:node:n1,O=system:nodes");
    try (Stream<Path> kept = Files.list(directory.resolve("pki"))) {
      assertThat(kept.filter(f -> f.getFileName().toString().matches("kubelet-client-2.*")).count())
          .isLessThanOrEqualTo(2);
    }
    Path current = directory.resolve("pki/kubelet-client-current.pem");
    assertThat(Files.isSymbolicLink(current)).isTrue();
    assertThat(Identity.read(current, current).certificate().getNotAfter().toInstant())
        .isAfter(Instant.now());
  }

  @Test
  void a_certificate_that_expired_unanswered_is_asked_for_anew_with_the_bootstrap_credentials()
      throws Exception {
    node = new TestNode(directory, "127.10.132.1");
    Path bootstrap = directory.resolve("bootstrap.kubeconfig");
    Kubeconfig.of(
            "c",
            Kubeconfig.Cluster.trusting(
                node.apiserver.url(), node.apiserver.authority.certificate()),
            "b",
            Kubeconfig.User.ofToken("abcdef.0123456789abcdef"))
        .write(bootstrap);
    node.start(
        Duration.ofSeconds(2),
        o -> o.nodeLeaseDuration(Duration.ofSeconds(1)).bootstrapKubeconfig(bootstrap));
    X509Certificate first = node.apiserver.shown().getFirst().certificate();
    Await.until(
        "it asks with the bootstrap token",
        () -> node.apiserver.bearers().contains("Bearer abcdef.0123456789abcdef"));
    assertThat(first.getNotAfter().toInstant()).isBefore(Instant.now());
    signs(Duration.ofHours(1));

    Await.until("another certificate is shown", () -> serials().size() == 2);
  }

  @Test
  void a_serving_certificate_is_renewed_and_open_connections_stay() throws Exception {
    node = new TestNode(directory, "127.10.133.1");
    signs(SHORT);
    node.start(o -> o.rotateServerCertificates(true));
    Await.until("it serves", () -> served() != null);
    try (var open = connect()) {
      X509Certificate first = (X509Certificate) open.getSession().getPeerCertificates()[0];

      Await.until("another one is served", () -> !first.equals(served()));

      open.getOutputStream()
          .write("GET /healthz HTTP/1.1\r\nHost: n1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(open.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
          .isEqualTo("HTTP/1.1 401");
      assertThat(served().getSerialNumber()).isNotEqualTo(first.getSerialNumber());
    }
  }

  @Test
  void a_serving_certificate_for_another_address_is_asked_for_at_once() throws Exception {
    node = new TestNode(directory, "127.10.134.1");
    Path current = directory.resolve("pki/kubelet-server-current.pem");
    node.apiserver
        .authority
        .issue(
            new CertificateProfile(
                new Subject("system:node:n1", "system:nodes"),
                SubjectAltNames.of("n1", "127.10.134.9"),
                Set.of(CertificateUsage.SERVER_AUTH),
                Instant.now().minusSeconds(60),
                Instant.now().plusSeconds(3600)))
        .write(current);
    signs(Duration.ofHours(1));

    node.start(o -> o.rotateServerCertificates(true));

    Await.until(
        "its own address is named",
        () -> served().getSubjectAlternativeNames().toString().contains("127.10.134.1]"));
  }

  @Test
  void a_deadline_is_after_70_to_90_percent_of_the_life() throws Exception {
    node = new TestNode(directory, "127.10.135.1");
    Instant begin = Instant.parse("2026-01-01T00:00:00Z");

    X509Certificate year = certificate(begin, begin.plus(Duration.ofDays(100)));
    assertThat(CertificateRotation.deadline(year, 0)).isEqualTo("2026-03-12T00:00:00Z");
    assertThat(CertificateRotation.deadline(year, 1)).isEqualTo("2026-04-01T00:00:00Z");
    // Short ones are dated back too, and time for an answer is left.
    Instant signed = begin.plus(CertificateProfile.BACKDATE);
    X509Certificate minutes = certificate(begin, signed.plusSeconds(100));
    assertThat(CertificateRotation.deadline(minutes, 0)).isEqualTo(signed.plusSeconds(70));
    assertThat(CertificateRotation.deadline(minutes, 1)).isEqualTo(signed.plusSeconds(90));
    X509Certificate seconds = certificate(begin, signed.plusSeconds(10));
    assertThat(CertificateRotation.deadline(seconds, 1)).isEqualTo(signed.plusSeconds(5));
  }

  private static X509Certificate certificate(Instant from, Instant until) {
    return CertificateAuthority.create("ca", Duration.ofDays(1))
        .issue(
            new CertificateProfile(new Subject("n"), SubjectAltNames.NONE, Set.of(), from, until))
        .certificate();
  }

  private Set<java.math.BigInteger> serials() {
    return node.apiserver.shown().stream()
        .map(shown -> shown.certificate().getSerialNumber())
        .collect(java.util.stream.Collectors.toSet());
  }

  private Set<String> requesters() {
    return node.apiserver.shown().stream()
        .map(shown -> shown.certificate().getSubjectX500Principal().getName())
        .collect(java.util.stream.Collectors.toSet());
  }

  private SSLSocket connect() throws Exception {
    SSLContext any = SSLContext.getInstance("TLS");
    any.init(
        null, new javax.net.ssl.TrustManager[] {io.hubspoke.runtime.Tls.trustAny(List.of())}, null);
    var socket = (SSLSocket) any.getSocketFactory().createSocket(node.ip, node.kubelet.port());
    socket.setSoTimeout(10_000);
    socket.startHandshake();
    return socket;
  }

  /** Returns what a new connection is served with; null without. */
  private X509Certificate served() throws Exception {
    try (var socket = connect()) {
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    } catch (IOException none) {
      return null;
    }
  }

  /** Signs what is asked for, for so long. */
  private void signs(Duration validity) {
    node.vertx.setPeriodic(
        20,
        timer -> {
          for (ObjectNode request : node.apiserver.list(REQUESTS)) {
            if (!request.at("/status/certificate").asText().isEmpty()) {
              continue;
            }
            byte[] pem = Base64.getDecoder().decode(request.at("/spec/request").asText());
            Csr csr = Csr.parse(new String(pem, StandardCharsets.US_ASCII));
            boolean client = request.at("/spec/usages").toString().contains("client auth");
            Instant now = Instant.now();
            X509Certificate issued =
                node.apiserver.authority.issue(
                    new CertificateProfile(
                        csr.subject(),
                        csr.altNames(),
                        Set.of(
                            client ? CertificateUsage.CLIENT_AUTH : CertificateUsage.SERVER_AUTH),
                        now.minus(CertificateProfile.BACKDATE),
                        now.plus(validity)),
                    csr.publicKey());
            request
                .putObject("status")
                .put(
                    "certificate",
                    Base64.getEncoder()
                        .encodeToString(Pem.encode(issued).getBytes(StandardCharsets.US_ASCII)));
            node.apiserver.put(REQUESTS + request.at("/metadata/name").asText(), request);
          }
        });
  }
}
