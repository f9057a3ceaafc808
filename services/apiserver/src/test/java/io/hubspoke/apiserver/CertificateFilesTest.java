package io.hubspoke.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.ApiserverOptions.Serving;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.Principal;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedKeyManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class CertificateFilesTest {
  @TempDir private Path dir;
  private TestApiserver server;

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void aServingCertificateIsReplacedAsAMountedVolumeIsAndConnectionsStay() throws Exception {
    server = new TestApiserver(dir, this::servesFromAVolume);
    X509Certificate first = served();
    try (SSLSocket open = connect(null)) {
      open.startHandshake();
      assertThat(answer(open)).startsWith("HTTP/1.1 403 ");

      swap("second");
      X509Certificate second =
          Await.until("another certificate is served", this::served, now -> !now.equals(first));

      assertThat(second.getSubjectX500Principal().getName()).isEqualTo("CN=second");
      assertThat(answer(open)).startsWith("HTTP/1.1 403 ");
    }
  }

  @Test
  void halfOfAPairIsRefusedAndTheOldOneStaysUntilTheOtherHalfIsThere() throws Exception {
    server = new TestApiserver(dir, options -> options);
    X509Certificate first = served();
    Identity next =
        server.ca.issueServer(
            "next", SubjectAltNames.of("127.0.0.1", "localhost"), TestApiserver.VALIDITY);
    String pem = Pem.encode(next.chain());

    Files.writeString(dir.resolve("apiserver.crt"), pem.substring(0, pem.length() / 2));
    stays(first);
    Files.writeString(dir.resolve("apiserver.crt"), pem);
    stays(first);
    Pem.writePrivateKey(dir.resolve("apiserver.key"), next.key());

    Await.until("the whole pair is served", () -> served().equals(next.certificate()));
  }

  /** For longer than the files are left alone. */
  private void stays(X509Certificate expected) throws Exception {
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1500);
    while (System.nanoTime() < until) {
      assertThat(served()).isEqualTo(expected);
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  @Test
  void authoritiesAreAddedAndRemovedAlsoForConnectionsThatAreOpen() throws Exception {
    server = new TestApiserver(dir, options -> options);
    var old = server.admin();
    assertThat(old.get("/api").code()).isEqualTo(200);
    CertificateAuthority next = CertificateAuthority.create("next-ca", TestApiserver.VALIDITY);
    var newer =
        server.with(next.issueClient("a", List.of("system:masters"), TestApiserver.VALIDITY));
    assertThat(newer.get("/api").code()).isEqualTo(401);

    AtomicFile.writePublic(
        dir.resolve("ca.crt"), Pem.encode(List.of(server.ca.certificate(), next.certificate())));
    Await.until("the new authority counts", () -> newer.get("/api").code() == 200);
    assertThat(old.get("/api").code()).isEqualTo(200);
    Await.until(
        "clients are told of both", () -> named().equals(Set.of("CN=test-ca", "CN=next-ca")));

    AtomicFile.writePublic(dir.resolve("ca.crt"), Pem.encode(next.certificate()));
    Await.until("the old authority is not believed", () -> old.get("/api").code() == 401);
    assertThat(newer.get("/api").code()).isEqualTo(200);
    assertThat(
            server
                .with(server.ca.issueClient("b", List.of("system:masters"), TestApiserver.VALIDITY))
                .get("/api")
                .code())
        .isEqualTo(401);
    Await.until("clients are told of one", () -> named().equals(Set.of("CN=next-ca")));
    Await.until(
        "other servers are told",
        () ->
            newer
                .get("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication")
                .json()
                .at("/data/client-ca-file")
                .asText()
                .equals(Pem.encode(next.certificate())));
  }

  private ApiserverOptions servesFromAVolume(ApiserverOptions options) {
    try {
      Path first = Files.createDirectories(dir.resolve("volume/..first"));
      for (String file : List.of("apiserver.crt", "apiserver.key")) {
        Files.copy(dir.resolve(file), first.resolve(file));
        Files.createSymbolicLink(dir.resolve("volume").resolve(file), Path.of("..data", file));
      }
      Files.createSymbolicLink(dir.resolve("volume/..data"), Path.of("..first"));
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return options.with(
        new Serving(
            "127.0.0.1",
            0,
            dir.resolve("volume/apiserver.crt"),
            dir.resolve("volume/apiserver.key")));
  }

  /** Replaces the volume's content by renaming one link. */
  private void swap(String name) throws Exception {
    Path next = Files.createDirectories(dir.resolve("volume/.." + name));
    server
        .ca
        .issueServer(name, SubjectAltNames.of("127.0.0.1", "localhost"), TestApiserver.VALIDITY)
        .write(next.resolve("apiserver.crt"), next.resolve("apiserver.key"));
    Path link = Files.createSymbolicLink(dir.resolve("volume/..tmp"), next.getFileName());
    Files.move(link, dir.resolve("volume/..data"), StandardCopyOption.ATOMIC_MOVE);
  }

  private SSLSocket connect(X509ExtendedKeyManager keys) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        keys == null ? null : new KeyManager[] {keys},
        new TrustManager[] {Tls.trust(List.of(server.ca.certificate()))},
        null);
    var socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", server.port());
    socket.setSoTimeout(10_000);
    return socket;
  }

  private X509Certificate served() throws Exception {
    try (SSLSocket socket = connect(null)) {
      socket.startHandshake();
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  private static String answer(SSLSocket socket) throws Exception {
    socket
        .getOutputStream()
        .write("GET /livez/ping HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    byte[] buffer = new byte[4096];
    int read = socket.getInputStream().read(buffer);
    return new String(buffer, 0, read, StandardCharsets.US_ASCII);
  }

  /** The authorities that a handshake names to the client. */
  private Set<String> named() throws Exception {
    var named = new AtomicReference<Set<String>>(Set.of());
    try (SSLSocket socket = connect(new Asked(named))) {
      socket.startHandshake();
    }
    return named.get();
  }

  /** Presents nothing, and notes what it was asked for. */
  private static final class Asked extends X509ExtendedKeyManager {
    private final AtomicReference<Set<String>> named;

    Asked(AtomicReference<Set<String>> named) {
      this.named = named;
    }

    @Override
    public String chooseClientAlias(String[] types, Principal[] issuers, java.net.Socket socket) {
      named.set(Stream.of(issuers).map(Principal::getName).collect(Collectors.toSet()));
      return null;
    }

    @Override
    public String[] getClientAliases(String type, Principal[] issuers) {
      return new String[0];
    }

    @Override
    public String[] getServerAliases(String type, Principal[] issuers) {
      return new String[0];
    }

    @Override
    public String chooseServerAlias(String type, Principal[] issuers, java.net.Socket socket) {
      return null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return new X509Certificate[0];
    }

    @Override
    public java.security.PrivateKey getPrivateKey(String alias) {
      return null;
    }
  }
}
