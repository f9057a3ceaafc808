package io.hubspoke.apiserver.kubeletclient;

import static io.hubspoke.apiserver.TestNodes.made;
import static io.hubspoke.apiserver.TestNodes.node;
import static io.hubspoke.apiserver.TestNodes.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.apiserver.TestNodes;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PodLogTest {
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final long FLOOD = 512L * 1024 * 1024;

  @TempDir Path dir;
  private TestApiserver server;
  private Client admin;
  private HttpServer kubelet;
  private final ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<String> authorization = new ConcurrentLinkedQueue<>();
  private final AtomicLong sent = new AtomicLong();
  private volatile CompletableFuture<Void> readerGone = new CompletableFuture<>();
  private volatile HttpServerResponse held;

  @BeforeEach
  void start() throws Exception {
    start(false);
  }

  private void start(boolean verified) throws Exception {
    server = TestNodes.apiserver(dir, verified, Duration.ofSeconds(1), egress());
    admin = server.admin();
    kubelet =
        Await.result(
            server
                .vertx
                .createHttpServer(
                    Tls.serve(
                        new HttpServerOptions(),
                        new ReloadableKeys(TestNodes.serving()),
                        List.<X509Certificate>of()))
                .requestHandler(this::serve)
                .listen(0, "127.10.0.1"));
    made(admin.post("/api/v1/nodes", node("n1", "127.10.0.1", kubelet.actualPort())));
    made(admin.post(PODS, pod("one", "n1", "c")));
  }

  /** Through what nodes and pods are reached. */
  EgressOptions egress() throws Exception {
    return EgressOptions.NONE;
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private void serve(HttpServerRequest request) {
    asked.add(request.uri());
    authorization.add(String.valueOf(request.getHeader("Authorization")));
    HttpServerResponse response = request.response();
    try {
      var who = (X509Certificate) request.connection().peerCertificates().getFirst();
      asked.add(
          who.getSubjectX500Principal().getName() + " from " + request.remoteAddress().host());
    } catch (javax.net.ssl.SSLPeerUnverifiedException e) {
      asked.add("nobody");
    }
    if (request.path().endsWith("/waiting")) {
      response
          .setStatusCode(400)
          .end("container \"waiting\" in pod \"many\" is waiting to start: ContainerCreating\n");
    } else if (request.path().endsWith("/held")) {
      response.closeHandler(gone -> readerGone.complete(null));
      response.exceptionHandler(gone -> {});
      held = response;
    } else if (request.getParam("follow") != null) {
      response.setChunked(true);
      // This reader's, also when its end is heard of again after the next one has come.
      CompletableFuture<Void> thisReaderGone = readerGone;
      response.closeHandler(gone -> thisReaderGone.complete(null));
      response.exceptionHandler(gone -> {});
      flood(response, thisReaderGone);
    } else if (request.getParam("previous") != null) {
      response.setChunked(true);
      response.write("cut ").onComplete(written -> request.connection().close());
    } else {
      response.end("a line\n");
    }
  }

  /** Writes for as long as the other side takes it, but no more than a broken test can bear. */
  private void flood(HttpServerResponse response, CompletableFuture<Void> gone) {
    if (gone.isDone() || response.closed() || sent.get() > FLOOD) {
      return;
    }
    if (response.writeQueueFull()) {
      response.drainHandler(drained -> flood(response, gone));
      return;
    }
    Buffer line = Buffer.buffer("x".repeat(16 * 1024 - 1) + "\n");
    sent.addAndGet(line.length());
    response.write(line).onFailure(broken -> gone.complete(null));
    server.vertx.runOnContext(next -> flood(response, gone));
  }

  @Test
  void streamsWhatTheKubeletSendsAndGivesItNoCredentialsButItsOwn() throws Exception {
    var answer =
        admin
            .withToken("secret-of-the-caller")
            .get(
                PODS
                    + "/one/log?tailLines=3&timestamps=true&sinceTime=2026-01-01T00:00:00.5%2B01:00&limitBytes=9");
    assertThat(answer.code()).as(answer.text()).isEqualTo(200);
    assertThat(answer.text()).isEqualTo("a line\n");
    assertThat(answer.response().headers().firstValue("Content-Type")).hasValue("text/plain");
    assertThat(asked)
        .containsExactly(
            "/containerLogs/default/one/c?limitBytes=9&sinceTime=2026-01-01T00%3A00%3A00%2B01%3A00"
                + "&tailLines=3&timestamps=true",
            "CN=kube-apiserver-kubelet-client from 127.0.10.1");
    assertThat(authorization).containsExactly("null");
  }

  @Test
  void aKubeletOfAForeignAuthorityIsRefusedOnlyWhenVerified() throws Exception {
    server.close();
    start(true);
    var refused = admin.get(PODS + "/one/log");
    assertThat(refused.code()).isEqualTo(500);
    assertThat(refused.message()).startsWith("Get \"https://127.10.0.1:");
    assertThat(asked).isEmpty();
    // As `kubectl logs --insecure-skip-tls-verify-backend` asks.
    assertThat(admin.get(PODS + "/one/log?insecureSkipTLSVerifyBackend=true").text())
        .isEqualTo("a line\n");
    assertThat(admin.get(PODS + "/one/log").code()).isEqualTo(500);
  }

  @Test
  void choosesTheContainerOrSaysWhich() throws Exception {
    made(admin.post(PODS, pod("many", "n1", "a", "waiting")));
    assertThat(admin.get(PODS + "/many/log").message())
        .isEqualTo("a container name must be specified for pod many, choose one of: [a waiting]");
    assertThat(admin.get(PODS + "/many/log?container=z").message())
        .isEqualTo("container z is not valid for pod many");
    assertThat(admin.get(PODS + "/many/log?container=../../pods").code()).isEqualTo(400);
    assertThat(admin.get(PODS + "/many/log?container=a").code()).isEqualTo(200);
    var waiting = admin.get(PODS + "/many/log?container=waiting");
    assertThat(waiting.code()).isEqualTo(400);
    assertThat(waiting.message())
        .isEqualTo("container \"waiting\" in pod \"many\" is waiting to start: ContainerCreating");
    assertThat(admin.get(PODS + "/none/log").message()).isEqualTo("pods \"none\" not found");
  }

  @Test
  void optionsThatMakeNoSenseAreInvalid() throws Exception {
    assertThat(admin.get(PODS + "/one/log?tailLines=-1").message())
        .isEqualTo(
            "PodLogOptions \"one\" is invalid: tailLines: Invalid value: -1: must be greater than or"
                + " equal to 0");
    assertThat(admin.get(PODS + "/one/log?limitBytes=0").code()).isEqualTo(422);
    assertThat(admin.get(PODS + "/one/log?sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z").code())
        .isEqualTo(422);
    assertThat(admin.get(PODS + "/one/log?tailLines=many").code()).isEqualTo(400);
    assertThat(admin.get(PODS + "/one/log?sinceTime=now").code()).isEqualTo(400);
    assertThat(asked).isEmpty();
  }

  @Test
  void aPodWithoutANodeHasAnEmptyLog() throws Exception {
    made(admin.post(PODS, pod("pending", "", "c")));
    var answer = admin.get(PODS + "/pending/log");
    assertThat(answer.code()).isEqualTo(200);
    assertThat(answer.text()).isEmpty();
  }

  @Test
  void aNodeCannotLeadTheApiserverBackToItself() throws Exception {
    int port = server.port();
    for (String address :
        List.of("127.0.0.1", "127.11.0.1", "169.254.169.254", "0.0.0.0", "::1", "224.0.0.1")) {
      String name = "evil-" + Integer.toHexString(address.hashCode());
      made(admin.post("/api/v1/nodes", node(name, address, port)));
      made(admin.post(PODS, pod(name, name, "c")));
      var refused = admin.get(PODS + "/" + name + "/log");
      assertThat(refused.code()).as(address).isEqualTo(400);
      assertThat(refused.message()).contains("address not allowed");
    }
  }

  @Test
  void aReaderThatStopsHoldsTheKubeletBackAndOneThatLeavesEndsIt() throws Exception {
    for (var version : java.net.http.HttpClient.Version.values()) {
      readerGone = new CompletableFuture<>();
      long before = sent.get();
      var request = admin.request(PODS + "/one/log?follow=true").version(version).build();
      InputStream stream = admin.http().send(request, BodyHandlers.ofInputStream()).body();
      assertThat(stream.readNBytes(1000)).hasSize(1000);
      long[] last = {-1};
      int[] still = {0};
      Await.until(
          "the kubelet to be held back",
          () -> {
            still[0] = sent.get() == last[0] ? still[0] + 1 : 0;
            last[0] = sent.get();
            return still[0] > 50;
          });
      assertThat(sent.get() - before).isLessThan(64L * 1024 * 1024);
      assertThat(stream.readNBytes(4 * 1024 * 1024)).hasSize(4 * 1024 * 1024);
      stream.close();
      Await.until("the kubelet's stream to end", readerGone::isDone);
    }
    assertThat(admin.get("/version").code()).isEqualTo(200);
  }

  @Test
  void aLogThatBreaksOffDoesNotLookComplete() throws Exception {
    var request = admin.request(PODS + "/one/log?previous=true").build();
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> admin.http().send(request, BodyHandlers.ofString()))
        .isInstanceOf(java.io.IOException.class);
  }

  @Test
  void aFollowedLogEndsWhenTheKubeletEndsIt() throws Exception {
    made(admin.post(PODS, pod("ending", "n1", "held")));
    var request = admin.request(PODS + "/ending/log?follow=true").build();
    var answer = admin.http().sendAsync(request, BodyHandlers.ofInputStream());
    Await.until("the kubelet to be asked", () -> held != null);
    held.setChunked(true);
    // What the kubelet has written is there at once, while the log goes on.
    Await.result(held.write("first\n"));
    try (InputStream stream = answer.get().body()) {
      assertThat(new String(stream.readNBytes(6), StandardCharsets.UTF_8)).isEqualTo("first\n");
      Await.result(held.end("last\n"));
      assertThat(new String(stream.readAllBytes(), StandardCharsets.UTF_8)).isEqualTo("last\n");
    }
  }

  @Test
  void aReaderThatLeavesBeforeTheFirstByteEndsTheKubeletsStream() throws Exception {
    made(admin.post(PODS, pod("quiet", "n1", "held")));
    var request = admin.request(PODS + "/quiet/log?follow=true").build();
    var answer = admin.http().sendAsync(request, BodyHandlers.ofInputStream());
    Await.until("the kubelet to be asked", () -> held != null);
    assertThat(readerGone).isNotDone();
    answer.cancel(true);
    Await.until("the kubelet's stream to end", readerGone::isDone);
  }

  @Test
  void aKubeletThatIsNotThereIsAnError() throws Exception {
    int port = FreePort.at("127.10.0.2");
    made(admin.post("/api/v1/nodes", node("gone", "127.10.0.2", port)));
    made(admin.post(PODS, pod("lost", "gone", "c")));
    var answer = admin.get(PODS + "/lost/log");
    assertThat(answer.code()).isEqualTo(500);
    assertThat(answer.json().path("kind").asText()).isEqualTo("Status");
    assertThat(answer.message())
        .startsWith("Get \"https://127.10.0.2:%d/containerLogs/default/lost/c\": ".formatted(port))
        .containsIgnoringCase("refused")
        .doesNotContain("\tat ");
    assertThat(admin.get(PODS + "/unknown-node/log").code()).isEqualTo(404);
  }

  @Test
  void aKubeletThatDoesNotShakeHandsIsGivenUp() throws Exception {
    try (var silent = new ServerSocket(0, 10, InetAddress.getByName("127.10.0.3"))) {
      made(admin.post("/api/v1/nodes", node("mute", "127.10.0.3", silent.getLocalPort())));
      made(admin.post(PODS, pod("mute", "mute", "c")));
      long began = System.nanoTime();
      var answer = admin.get(PODS + "/mute/log");
      assertThat(answer.code()).isEqualTo(500);
      assertThat(answer.message()).startsWith("Get \"https://127.10.0.3:");
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(15));
    }
  }
}
