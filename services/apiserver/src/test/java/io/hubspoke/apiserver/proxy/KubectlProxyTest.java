package io.hubspoke.apiserver.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.testing.Await;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real kubectl before the proxy of a pod, as somebody with a browser has it. */
@Timeout(90)
class KubectlProxyTest {
  private static final String POD_IP = "127.20.202.7";
  private static final int MUCH = 16 << 20;

  @TempDir Path dir;
  private final HttpClient browser =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.ALWAYS)
          .build();
  private TestApiserver server;
  private Process kubectl;
  private String root;

  @BeforeEach
  void start() throws Exception {
    server = new TestApiserver(dir, options -> options);
    HttpServer site =
        Await.result(server.vertx.createHttpServer().requestHandler(this::serve).listen(0, POD_IP));
    Client admin = server.admin();
    ObjectNode pod =
        Json.parseObject(
            """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "site"},
             "spec": {"containers": [{"name": "c", "image": "i",
               "ports": [{"containerPort": %d}]}]}}
            """
                .formatted(site.actualPort())
                .getBytes(StandardCharsets.UTF_8));
    admin.post("/api/v1/namespaces/default/pods", pod);
    pod.putObject("status").put("podIP", POD_IP);
    assertThat(admin.put("/api/v1/namespaces/default/pods/site/status", pod).code()).isEqualTo(200);
    server
        .ca
        .issueClient("kubernetes-admin", List.of("system:masters"), TestApiserver.VALIDITY)
        .write(dir.resolve("admin.crt"), dir.resolve("admin.key"));
    kubectl =
        new ProcessBuilder(
                "kubectl",
                "--kubeconfig=/dev/null",
                "--server=https://127.0.0.1:" + server.port(),
                "--certificate-authority=" + dir.resolve("ca.crt"),
                "--client-certificate=" + dir.resolve("admin.crt"),
                "--client-key=" + dir.resolve("admin.key"),
                "proxy",
                "--port=0")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader said = kubectl.inputReader();
    String line = said.readLine();
    assertThat(line).startsWith("Starting to serve on ");
    root =
        "http://"
            + line.substring("Starting to serve on ".length()).strip()
            + "/api/v1/namespaces/default/pods/site/proxy";
  }

  @AfterEach
  void stop() throws Exception {
    kubectl.destroy();
    kubectl.waitFor(10, TimeUnit.SECONDS);
    browser.close();
    server.close();
  }

  private void serve(HttpServerRequest http) {
    switch (http.path()) {
      case "/" -> http.response().setStatusCode(302).putHeader("Location", "/home").end();
      case "/home" ->
          http.response()
              .putHeader("Content-Type", "text/html")
              .putHeader("Set-Cookie", "seen=1")
              .end("<a href=\"/next\">next</a> " + http.getHeader("Cookie"));
      case "/ws" ->
          http.toWebSocket()
              .onSuccess(
                  socket -> socket.textMessageHandler(text -> socket.writeTextMessage(text)));
      default -> {
        http.response().setChunked(true);
        http.pipeTo(http.response());
      }
    }
  }

  @Test
  void aBrowserFollowsRedirectsAndLinksAndSendsCookies() throws Exception {
    var page =
        browser.send(
            HttpRequest.newBuilder(URI.create(root))
                .header("Accept", "text/html")
                .header("Cookie", "theme=dark")
                .build(),
            BodyHandlers.ofString());

    assertThat(page.statusCode()).as(page.body()).isEqualTo(200);
    assertThat(page.uri()).hasToString(root + "/home");
    assertThat(page.body())
        .isEqualTo("<a href=\"" + URI.create(root).getPath() + "/next\">next</a> theme=dark");
    assertThat(page.headers().allValues("set-cookie")).contains("seen=1");
  }

  @Test
  void muchGoesUpAndComesBack() throws Exception {
    byte[] much = new byte[MUCH];
    new Random(1).nextBytes(much);
    var echo =
        browser.send(
            HttpRequest.newBuilder(URI.create(root + "/echo"))
                .timeout(Duration.ofSeconds(60))
                .POST(BodyPublishers.ofByteArray(much))
                .build(),
            BodyHandlers.ofByteArray());

    assertThat(echo.body()).hasSize(MUCH);
    assertThat(sha256(echo.body())).isEqualTo(sha256(much));
  }

  @Test
  void aWebSocketPassesBothHops() throws Exception {
    CompletableFuture<String> heard = new CompletableFuture<>();
    WebSocket socket =
        browser
            .newWebSocketBuilder()
            .buildAsync(
                URI.create(root.replace("http:", "ws:") + "/ws"),
                new WebSocket.Listener() {
                  @Override
                  public CompletionStage<?> onText(
                      WebSocket from, CharSequence data, boolean last) {
                    heard.complete(data.toString());
                    return null;
                  }
                })
            .get(20, TimeUnit.SECONDS);
    socket.sendText("hello", true).get(20, TimeUnit.SECONDS);

    assertThat(heard.get(20, TimeUnit.SECONDS)).isEqualTo("hello");
    socket.abort();
  }

  private static String sha256(byte[] bytes) throws Exception {
    return Arrays.toString(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
