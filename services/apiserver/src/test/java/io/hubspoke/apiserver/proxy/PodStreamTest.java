package io.hubspoke.apiserver.proxy;

import static io.hubspoke.apiserver.TestNodes.made;
import static io.hubspoke.apiserver.TestNodes.node;
import static io.hubspoke.apiserver.TestNodes.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.apiserver.TestNodes;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.apiserver.http.RawConnection;
import io.hubspoke.pki.Identity;
import io.hubspoke.testing.FreePort;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Exec, attach and port-forward, up to a kubelet that the test answers for. */
@Timeout(60)
class PodStreamTest {
  private static final String PODS = "/api/v1/namespaces/default/pods";

  @TempDir Path dir;
  private TestApiserver server;
  private Client admin;
  private RawBackend kubelet;

  @BeforeEach
  void start() throws Exception {
    start(false);
  }

  private void start(boolean verified) throws Exception {
    server = TestNodes.apiserver(dir, verified, Duration.ofSeconds(2), egress());
    admin = server.admin();
    kubelet = new RawBackend("127.10.0.1", TestNodes.serving());
    made(admin.post("/api/v1/nodes", node("n1", "127.10.0.1", kubelet.port())));
    made(admin.post(PODS, pod("one", "n1", "c")));
    made(admin.post(PODS, pod("two", "n1", "a", "b")));
    made(admin.post(PODS, pod("homeless", "", "c")));
  }

  /** Through what nodes and pods are reached. */
  EgressOptions egress() throws Exception {
    return EgressOptions.NONE;
  }

  @AfterEach
  void stop() throws Exception {
    kubelet.close();
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "POST|one/exec?command=sh&command=-c&command=echo+%26+1&stdin=true&stdout=1&tty=true&stderr=false&evil=%0d%0aX|"
            + "/exec/default/one/c?command=sh&command=-c&command=echo+%26+1&input=1&output=1&tty=1",
        "GET|two/exec?container=b&command=ls&stdout=true&stderr=true|"
            + "/exec/default/two/b?command=ls&error=1&output=1",
        "POST|two/attach?container=a&stdin&stdout=0|/attach/default/two/a?input=1",
        "POST|one/portforward|/portForward/default/one",
        "GET|two/portforward?ports=80&ports=443|/portForward/default/two?port=80%2C443"
      })
  void asksTheKubeletAndThenPassesBytes(String method, String asked, String kubelets)
      throws Exception {
    try (RawConnection client = RawConnection.asAdmin(server)) {
      client.write(
          head(
                  method + " " + PODS + "/" + asked + " HTTP/1.1",
                  "Connection: Upgrade",
                  "Upgrade: SPDY/3.1",
                  "X-Stream-Protocol-Version: v4.channel.k8s.io",
                  "X-Stream-Protocol-Version: v3.channel.k8s.io",
                  "Cookie: session=secret",
                  "X-Remote-User: root",
                  "User-Agent: kubectl")
              + "early");
      RawBackend.Call call = kubelet.accept();
      String sent = call.head();
      call.answer(
              "HTTP/1.1 101 Switching Protocols",
              "Connection: Upgrade",
              "Upgrade: SPDY/3.1",
              "X-Stream-Protocol-Version: v4.channel.k8s.io")
          .send("from the kubelet");

      assertThat(sent).startsWith(method + " " + kubelets + " HTTP/1.1\r\n");
      assertThat(sent.toLowerCase(java.util.Locale.ROOT).lines())
          .contains(
              "upgrade: spdy/3.1",
              "connection: upgrade",
              "x-stream-protocol-version: v4.channel.k8s.io",
              "x-stream-protocol-version: v3.channel.k8s.io",
              "user-agent: kubectl")
          .noneMatch(line -> line.startsWith("cookie") || line.startsWith("x-remote"));
      assertThat(call.clientName()).isEqualTo("CN=kube-apiserver-kubelet-client");
      assertThat(call.socket().getInetAddress().getHostAddress()).isEqualTo("127.0.10.1");
      assertThat(client.until("from the kubelet"))
          .startsWith("HTTP/1.1 101 Switching Protocols\r\n")
          .containsIgnoringCase("X-Stream-Protocol-Version: v4.channel.k8s.io\r\n");
      assertThat(call.read(5)).isEqualTo("early");
      client.write("from the client");
      assertThat(call.read(15)).isEqualTo("from the client");
      call.socket().close();
      assertThat(client.rest()).isEmpty();
    }
  }

  @Test
  void aBrowsersTokenStaysHere() throws Exception {
    try (RawConnection client = RawConnection.asAdmin(server)) {
      client.write(
          head(
              "GET " + PODS + "/one/exec?command=ls&stdout=1 HTTP/1.1",
              "Connection: Upgrade",
              "Upgrade: websocket",
              "Sec-WebSocket-Version: 13",
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
              "Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.c2VjcmV0,"
                  + " v5.channel.k8s.io"));
      String sent = kubelet.accept().head();

      assertThat(sent.toLowerCase(java.util.Locale.ROOT).lines())
          .contains(
              "sec-websocket-protocol: v5.channel.k8s.io",
              "sec-websocket-key: dghlihnhbxbszsbub25jzq==")
          .noneMatch(line -> line.contains("bearer"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "none/exec?command=ls|404|pods \"none\" not found",
        "two/exec?command=ls|400|a container name must be specified for pod two,"
            + " choose one of: [a b]",
        "two/attach?container=z|400|container z is not valid for pod two",
        "two/attach?container=..%2F..%2Fc|400|container ../../c is not valid for pod two",
        "homeless/exec?command=ls|400|pod homeless does not have a host assigned",
        "homeless/portforward|400|pod homeless does not have a host assigned",
        "one/portforward?ports=http|400|strconv.ParseInt: parsing \"http\": invalid syntax",
        "one/exec?command=ls|400|Upgrade request required",
        "one/exec/more?command=ls|404|the server could not find the requested resource"
      })
  void saysWhatIsWrong(String asked, int code, String message) throws Exception {
    Answer answer = admin.get(PODS + "/" + asked);

    assertThat(answer.code()).isEqualTo(code);
    assertThat(answer.message()).isEqualTo(message);
  }

  @Test
  void otherMethodsAreNotAllowed() throws Exception {
    assertThat(admin.delete(PODS + "/one/exec").code()).isEqualTo(405);
    assertThat(admin.put(PODS + "/one/attach", Json.object()).code()).isEqualTo(405);
  }

  @ParameterizedTest
  @CsvSource({"GET,get", "POST,create"})
  void whoMayNotIsToldByTheVerbOfHisMethod(String method, String verb) throws Exception {
    Identity nobody = server.ca.issueClient("nobody", List.of(), TestApiserver.VALIDITY);
    try (RawConnection client = new RawConnection(server, nobody)) {
      client.write(
          head(
              method + " " + PODS + "/one/exec?command=ls&stdout=1 HTTP/1.1",
              "Connection: Upgrade",
              "Upgrade: SPDY/3.1"));

      assertThat(client.answer())
          .startsWith("HTTP/1.1 403 ")
          .contains("cannot " + verb + " resource \\\"pods/exec\\\"");
    }
  }

  @Test
  void aKubeletsRefusalComesBackInItsOwnWords() throws Exception {
    try (RawConnection client = RawConnection.asAdmin(server)) {
      client.write(exec());
      kubelet
          .accept()
          .answer(
              "HTTP/1.1 404 Not Found",
              "Content-Type: text/plain",
              "Connection: close",
              "Content-Length: 23")
          .send("container not found (c)");

      assertThat(client.answer())
          .startsWith("HTTP/1.1 404 Not Found\r\n")
          .containsIgnoringCase("content-type: text/plain\r\n")
          .endsWith("\r\n\r\ncontainer not found (c)");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"HTTP/1.1 200 OK", "HTTP/1.1 302 Found"})
  void aKubeletThatNeitherUpgradesNorRefusesIsAnError(String line) throws Exception {
    try (RawConnection client = RawConnection.asAdmin(server)) {
      client.write(exec());
      kubelet.accept().answer(line, "Location: https://127.0.0.1/", "Content-Length: 0");

      assertThat(client.answer())
          .startsWith("HTTP/1.1 500 ")
          .contains("invalid upgrade response: status code " + line.substring(9, 12));
    }
  }

  @Test
  void aKubeletThatIsNotThereIsAnError() throws Exception {
    int port = FreePort.at("127.10.0.2");
    made(admin.post("/api/v1/nodes", node("gone", "127.10.0.2", port)));
    made(admin.post(PODS, pod("lost", "gone", "c")));
    try (RawConnection client = RawConnection.asAdmin(server)) {
      client.write(exec().replace("/one/", "/lost/"));

      assertThat(client.answer())
          .startsWith("HTTP/1.1 500 ")
          .contains("\"error dialing backend: ")
          .containsIgnoringCase("refused");
    }
  }

  @Test
  void aKubeletOfAForeignAuthorityIsRefusedWhenVerified() throws Exception {
    stop();
    start(true);
    try (RawConnection client = RawConnection.asAdmin(server)) {
      var accepted =
          java.util.concurrent.CompletableFuture.supplyAsync(
              () -> {
                try {
                  return kubelet.accept().head();
                } catch (java.io.IOException handshake) {
                  return "";
                }
              });
      client.write(exec());

      assertThat(client.answer()).startsWith("HTTP/1.1 500 ").contains("\"error dialing backend: ");
      assertThat(accepted.get()).isEmpty();
    }
  }

  @Test
  void aKubeletThatDiesInTheMiddleEndsTheClientsConnection() throws Exception {
    try (RawConnection client = RawConnection.asAdmin(server)) {
      client.write(exec());
      RawBackend.Call call = kubelet.accept();
      call.head();
      call.answer("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: SPDY/3.1");
      client.until("\r\n\r\n");
      call.socket().close();

      assertThat(client.rest()).isEmpty();
    }
  }

  @Test
  void aClientThatGoesTakesTheKubeletsConnectionWithIt() throws Exception {
    RawBackend.Call call;
    try (RawConnection client = RawConnection.asAdmin(server)) {
      client.write(exec());
      call = kubelet.accept();
      call.head();
    }
    assertThat(call.ended()).isTrue();
  }

  @Test
  void streamsAreListedInDiscovery() throws Exception {
    var listed = admin.get("/api/v1").json().path("resources");
    assertThat(listed)
        .anySatisfy(
            resource -> {
              assertThat(resource.path("name").asText()).isEqualTo("pods/exec");
              assertThat(resource.path("kind").asText()).isEqualTo("PodExecOptions");
              assertThat(resource.path("verbs").toString()).isEqualTo("[\"create\",\"get\"]");
            });
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
