package io.hubspoke.apiserver.proxy;

import static io.hubspoke.apiserver.TestNodes.made;
import static io.hubspoke.apiserver.TestNodes.node;
import static io.hubspoke.apiserver.TestNodes.pod;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.apiserver.TestNodes;
import io.hubspoke.apiserver.egress.ConnectProxy;
import io.hubspoke.apiserver.http.RawConnection;
import io.hubspoke.testing.FreePort;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What goes towards nodes and pods, through a proxy that an egress selection names. */
@Timeout(90)
class EgressTest {
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String POD_IP = "127.20.201.9";

  @TempDir Path dir;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private ConnectProxy proxy;
  private TestApiserver server;
  private Client admin;
  private RawBackend kubelet;
  private RawBackend web;

  @BeforeEach
  void start() throws Exception {
    proxy = new ConnectProxy();
    server = TestNodes.apiserver(dir, false, Duration.ofSeconds(2), proxy.options(dir));
    admin = server.admin();
    kubelet = new RawBackend("127.10.0.1", TestNodes.serving());
    web = new RawBackend(POD_IP, null);
    made(admin.post("/api/v1/nodes", node("n1", "127.10.0.1", kubelet.port())));
    ObjectNode pod = pod("one", "n1", "c");
    made(admin.post(PODS, pod));
    pod.putObject("status").put("phase", "Running").put("podIP", POD_IP);
    assertThat(admin.put(PODS + "/one/status", pod).code()).isEqualTo(200);
  }

  @AfterEach
  void stop() throws Exception {
    threads.shutdownNow();
    kubelet.close();
    web.close();
    proxy.close();
    server.close();
  }

  @Test
  void logsComeThroughTheProxyOverOneConnectionWithTheClientCertificate() throws Exception {
    Future<Answer> first = asking(PODS + "/one/log");
    RawBackend.Call call = kubelet.accept();
    assertThat(call.head()).startsWith("GET /containerLogs/default/one/c HTTP/1.1\r\n");
    call.answer("HTTP/1.1 200 OK", "Content-Length: 5").send("line\n");
    assertThat(first.get().text()).isEqualTo("line\n");
    Future<Answer> second = asking(PODS + "/one/log?tailLines=1");
    assertThat(call.head()).startsWith("GET /containerLogs/default/one/c?tailLines=1 HTTP/1.1");
    call.answer("HTTP/1.1 200 OK", "Content-Length: 5").send("more\n");

    assertThat(second.get().text()).isEqualTo("more\n");
    assertThat(call.clientName()).isEqualTo("CN=kube-apiserver-kubelet-client");
    assertThat(proxy.asked).containsExactly("127.10.0.1:" + kubelet.port());
  }

  @ParameterizedTest
  @CsvSource({"one:PORT, false", "https:one:PORT, true"})
  void podsAreAskedThroughTheProxy(String name, boolean tls) throws Exception {
    try (RawBackend backend = new RawBackend(POD_IP, tls ? TestNodes.serving() : null)) {
      Future<Answer> asked =
          asking(
              PODS + "/" + name.replace("PORT", Integer.toString(backend.port())) + "/proxy/hello");
      RawBackend.Call call = backend.accept();
      assertThat(call.head()).startsWith("GET /hello HTTP/1.1\r\n");
      call.answer("HTTP/1.1 200 OK", "Content-Length: 2").send("hi");

      assertThat(asked.get().text()).isEqualTo("hi");
      assertThat(proxy.asked).containsExactly(POD_IP + ":" + backend.port());
    }
  }

  @Test
  void nodesAreAskedThroughTheProxyByTheNamesThatOnlyItResolves() throws Exception {
    proxy.names.put("far-node.example", "127.10.0.1");
    made(admin.post("/api/v1/nodes", node("n2", "far-node.example", kubelet.port())));
    try (RawBackend backend = new RawBackend("127.10.0.1", null)) {
      Future<Answer> asked = asking("/api/v1/nodes/n2:" + backend.port() + "/proxy/x");
      backend.accept().answer("HTTP/1.1 200 OK", "Content-Length: 2").send("hi");

      assertThat(asked.get().text()).isEqualTo("hi");
      assertThat(proxy.asked).containsExactly("far-node.example:" + backend.port());
    }
  }

  @Test
  void whereNodesMustNotLeadIsNotAskedOfTheProxyEither() throws Exception {
    List<String> addresses =
        List.of(
            "127.0.0.1",
            "169.254.169.254",
            "localhost",
            "a.localhost",
            "127.1",
            "0x7f000001",
            "2130706433",
            "metadata.google.internal",
            "a b");
    for (int i = 0; i < addresses.size(); i++) {
      made(admin.post("/api/v1/nodes", node("evil-" + i, addresses.get(i), kubelet.port())));
      Answer answer = admin.get("/api/v1/nodes/evil-" + i + "/proxy/pods");

      assertThat(answer.code()).as(answer.text()).isEqualTo(400);
      assertThat(answer.text())
          .contains("address not allowed: node evil-" + i + " is at " + addresses.get(i));
    }
    assertThat(proxy.asked).isEmpty();
  }

  /** Again and again: the end overtakes the rest only now and then. */
  @RepeatedTest(4)
  void aBigBodyArrivesWholeBothWays() throws Exception {
    byte[] much = new byte[16 << 20];
    new Random(7).nextBytes(much);
    Future<byte[]> asked =
        threads.submit(
            () ->
                admin
                    .http()
                    .send(
                        admin
                            .request(PODS + "/one:" + web.port() + "/proxy/")
                            .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(much))
                            .build(),
                        java.net.http.HttpResponse.BodyHandlers.ofByteArray())
                    .body());
    RawBackend.Call call = web.accept();
    call.head();
    byte[] came = call.socket().getInputStream().readNBytes(much.length);
    call.answer("HTTP/1.1 200 OK", "Connection: close");
    call.socket().getOutputStream().write(came);
    call.socket().close();

    assertThat(java.util.Arrays.equals(came, much)).isTrue();
    assertThat(asked.get()).isEqualTo(much);
  }

  @Test
  void eightUsersExecAtOnceAndGetTheLastByte() throws Exception {
    byte[] output = new byte[4 << 20];
    new Random(8).nextBytes(output);
    List<Future<Boolean>> users = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      users.add(
          threads.submit(
              (Callable<Boolean>)
                  () -> {
                    try (RawConnection client = RawConnection.asAdmin(server)) {
                      client.write(exec());
                      client.until("\r\n\r\n");
                      client.write("input");
                      return java.util.Arrays.equals(client.bytes(), output);
                    }
                  }));
    }
    for (int i = 0; i < 8; i++) {
      RawBackend.Call call = kubelet.accept();
      var _ =
          threads.submit(
              () -> {
                call.head();
                call.answer(
                    "HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: SPDY/3.1");
                call.read(5);
                call.socket().getOutputStream().write(output);
                call.socket().close();
                return null;
              });
    }

    for (Future<Boolean> user : users) {
      assertThat(user.get()).isTrue();
    }
    assertThat(proxy.asked).hasSize(8);
  }

  @Test
  void aProxyThatStopsInTheMiddleEndsWhatGoesThroughIt() throws Exception {
    try (RawConnection follower = RawConnection.asAdmin(server);
        RawConnection user = RawConnection.asAdmin(server)) {
      follower.write(head("GET " + PODS + "/one/log?follow=true HTTP/1.1"));
      RawBackend.Call log = kubelet.accept();
      log.head();
      log.answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked").send("5\r\nline\n\r\n");
      follower.until("line\n");
      user.write(exec());
      RawBackend.Call exec = kubelet.accept();
      exec.head();
      exec.answer("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: SPDY/3.1");
      user.until("\r\n\r\n");
      proxy.close();

      assertThat(follower.rest()).doesNotContain("0\r\n\r\n");
      assertThat(user.rest()).isEmpty();
      assertThat(log.ended()).isTrue();
      assertThat(exec.ended()).isTrue();
    }
  }

  @Test
  void aFollowerThatGoesTakesTheKubeletsConnectionWithIt() throws Exception {
    RawBackend.Call log;
    try (RawConnection follower = RawConnection.asAdmin(server)) {
      follower.write(head("GET " + PODS + "/one/log?follow=true HTTP/1.1"));
      log = kubelet.accept();
      log.head();
      log.answer("HTTP/1.1 200 OK", "Transfer-Encoding: chunked").send("5\r\nline\n\r\n");
      follower.until("line\n");
    }

    assertThat(log.ended()).isTrue();
  }

  @Test
  void aTunnelThatIsDownIsA503ThatNamesItAndNothingIsDialledDirectly() throws Exception {
    proxy.close();

    for (String path :
        List.of(
            PODS + "/one/log",
            PODS + "/one:" + web.port() + "/proxy/",
            PODS + "/https:one:" + web.port() + "/proxy/",
            "/api/v1/nodes/n1/proxy/pods",
            "/api/v1/nodes/n1:" + web.port() + "/proxy/")) {
      Answer answer = admin.get(path);
      assertThat(answer.code()).as(path + ": " + answer.text()).isEqualTo(503);
      assertThat(answer.json().path("reason").asText()).isEqualTo("ServiceUnavailable");
      assertThat(answer.text()).contains("konnectivity-http-connect: cannot reach 127.0.0.1:");
    }
    try (RawConnection user = RawConnection.asAdmin(server)) {
      user.write(exec());
      assertThat(user.answer())
          .startsWith("HTTP/1.1 503 ")
          .contains("error dialing backend: konnectivity-http-connect: cannot reach");
    }
    assertThat(kubelet.received()).isEmpty();
    assertThat(web.received()).isEmpty();
  }

  @Test
  void aTargetThatRefusesIsTheSameFailureAsDirectly() throws Exception {
    int nobody = FreePort.at(POD_IP);
    Answer proxied = admin.get(PODS + "/one:" + nobody + "/proxy/");
    made(admin.post("/api/v1/nodes", node("n3", "127.10.0.1", nobody)));
    made(admin.post(PODS, pod("three", "n3", "c")));
    Answer log = admin.get(PODS + "/three/log");

    assertThat(proxied.code()).isEqualTo(503);
    assertThat(proxied.text()).contains("error trying to reach service: dial tcp " + POD_IP);
    assertThat(log.code()).isEqualTo(500);
    assertThat(log.text()).contains("Get \\\"https://127.10.0.1:" + nobody, "dial tcp 127.10.0.1");
  }

  @Test
  void aProxyThatSaysNothingIsGivenUpInTime() throws Exception {
    proxy.silent = true;
    Answer log = admin.get(PODS + "/one/log");

    assertThat(log.code()).isEqualTo(500);
    assertThat(log.text()).contains("connection timed out after 2000 ms");
  }

  @Test
  void dialsAreCountedUnderTheRealNames() throws Exception {
    Future<Answer> asked = asking(PODS + "/one:" + web.port() + "/proxy/");
    web.accept().answer("HTTP/1.1 200 OK", "Content-Length: 0");
    asked.get();
    proxy.close();
    admin.get(PODS + "/one/log");

    assertThat(admin.get("/metrics").text().lines())
        .contains(
            "apiserver_egress_dialer_dial_start_total{protocol=\"http_connect\",transport=\"tcp\"}"
                + " 2",
            "apiserver_egress_dialer_dial_duration_seconds_count{protocol=\"http_connect\","
                + "transport=\"tcp\"} 1",
            "apiserver_egress_dialer_dial_duration_seconds_bucket{protocol=\"http_connect\","
                + "transport=\"tcp\",le=\"12.5\"} 1",
            "apiserver_egress_dialer_dial_failure_count{protocol=\"http_connect\","
                + "stage=\"connect\",transport=\"tcp\"} 1");
  }

  private Future<Answer> asking(String path) {
    return threads.submit(() -> admin.get(path));
  }

  private static String exec() {
    return head(
        "POST " + PODS + "/one/exec?command=ls&stdout=1 HTTP/1.1",
        "Connection: Upgrade",
        "Upgrade: SPDY/3.1");
  }

  private static String head(String... lines) {
    return String.join("\r\n", lines) + "\r\nHost: h\r\n\r\n";
  }
}
