package io.hubspoke.apiserver.store.hazelcast;

import static io.hubspoke.apiserver.store.Recorder.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.store.Recorder;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.apiserver.store.Store.ConflictException;
import io.hubspoke.apiserver.store.Store.Entry;
import io.hubspoke.apiserver.store.Store.Event;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two members with TLS between them. */
class ReplicationTest {
  private static final String A = "/registry/core/pods/default/a";

  @TempDir private static Path dir;
  private static PeerCertificates certificates;
  private static Members members;
  private Store here;
  private Store there;

  @BeforeAll
  static void start() throws Exception {
    certificates = new PeerCertificates(dir);
    members = new Members(2, List.of(certificates.write("one"), certificates.write("two")));
  }

  @AfterAll
  static void stop() {
    members.close();
  }

  @BeforeEach
  void begin() throws Exception {
    var stores = members.begin(2);
    here = stores.getFirst();
    there = stores.getLast();
  }

  @AfterEach
  void end() {
    await(here.close());
    await(there.close());
  }

  @Test
  void readsAtOneMemberWhatWasJustWrittenAtTheOther() {
    for (int i = 0; i < 20; i++) {
      Entry made = await(here.create(A + i, Buffer.buffer("1")));
      assertThat(await(there.get(A + i))).isEqualTo(made);
      Entry changed = await(there.update(A + i, Buffer.buffer("2"), made.revision()));
      assertThat(await(here.list(A, "", 0, 0)).entries()).contains(changed);
      assertThat(await(here.currentRevision())).isEqualTo(changed.revision());
    }
  }

  @Test
  void letsOneOfTwoMembersWin() {
    Entry made = await(here.create(A, Buffer.buffer("1")));
    var first = here.update(A, Buffer.buffer("here"), made.revision());
    var second = there.update(A, Buffer.buffer("there"), made.revision());
    await(first.otherwiseEmpty());
    await(second.otherwiseEmpty());
    assertThat(first.succeeded()).isNotEqualTo(second.succeeded());
    var refused = first.succeeded() ? second : first;
    var won = first.succeeded() ? first : second;
    assertThat(refused.cause())
        .isInstanceOfSatisfying(
            ConflictException.class, e -> assertThat(e.current()).isEqualTo(won.result()));
  }

  @Test
  void showsTheSameEventsInTheSameOrderAtBothMembers() {
    var mine = new Recorder();
    var others = new Recorder();
    here.watch("/", 1, mine);
    there.watch("/", 1, others);
    for (int i = 0; i < 50; i++) {
      var store = i % 2 == 0 ? here : there;
      Entry made = await(store.create(A + i, Buffer.buffer("1")));
      await(store.delete(made.key(), made.revision()));
    }
    List<Event> seen = mine.awaitEvents(100);
    assertThat(others.awaitEvents(100)).isEqualTo(seen);
    assertThat(seen)
        .extracting(event -> event.entry().revision())
        .isSorted()
        .doesNotHaveDuplicates();
  }

  @Test
  void knowsAtOneMemberWhatTheOtherHasCompacted() {
    Entry one = await(here.create(A, Buffer.buffer("1")));
    Entry two = await(here.update(A, Buffer.buffer("2"), one.revision()));
    await(here.compact(two.revision()));
    await(there.currentRevision());
    assertThatThrownBy(() -> await(there.list("/", "", 0, one.revision())))
        .isInstanceOf(Store.CompactedException.class);
  }

  @Test
  void letsNobodyInWhoIsNoMember() throws Exception {
    var foreign = CertificateAuthority.create("peers", TestApiserver.VALIDITY);
    var profile =
        CertificateProfile.peer("hubspoke-store", SubjectAltNames.NONE, TestApiserver.VALIDITY);
    assertThat(answersTo(certificates.issue("hubspoke-store"))).isTrue();
    assertThat(answersTo(null)).as("no certificate").isFalse();
    assertThat(answersTo(foreign.issue(profile))).as("a foreign authority").isFalse();
    assertThat(answersTo(certificates.issue("system:node:a"))).as("another subject").isFalse();
    assertThat(
            answersTo(
                certificates
                    .authority()
                    .issueServer("hubspoke-store", SubjectAltNames.NONE, TestApiserver.VALIDITY)))
        .as("a certificate for servers alone")
        .isFalse();
  }

  @Test
  void saysNothingToWhoSpeaksNoTls() throws Exception {
    try (var socket = new Socket(members.options(0).listenAddress(), 5701)) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write("HZC".getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(new byte[64]);
      assertThat(received(socket)).isEmpty();
    }
  }

  private static byte[] received(Socket socket) throws IOException {
    try {
      return socket.getInputStream().readAllBytes();
    } catch (SocketException reset) {
      return new byte[0];
    }
  }

  /** Greets as a member does, and tells whether it is greeted too. */
  private static boolean answersTo(Identity identity) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        identity == null ? null : new KeyManager[] {new ReloadableKeys(identity)},
        new TrustManager[] {Tls.trustAny(List.of())},
        null);
    try (var socket =
        (SSLSocket)
            context.getSocketFactory().createSocket(members.options(0).listenAddress(), 5701)) {
      socket.setSoTimeout(20_000);
      socket.startHandshake();
      socket.getOutputStream().write("HZC".getBytes(StandardCharsets.US_ASCII));
      return socket.getInputStream().readNBytes(3).length == 3;
    } catch (IOException refused) {
      return false;
    }
  }
}
