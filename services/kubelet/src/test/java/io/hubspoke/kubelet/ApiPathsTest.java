package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.Json;
import io.hubspoke.kubelet.server.ServerOptions;
import io.hubspoke.testing.Await;
import io.vertx.core.http.HttpMethod;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiPathsTest {
  @TempDir private Path directory;
  private TestNode node;
  private ApiCaller admin;

  private void start(Consumer<ServerOptions.Builder> change) throws Exception {
    node =
        new TestNode(directory, "127.10.105.1")
            .start(o -> o.podCidr("127.20.105.0/24").server(change));
    admin =
        new ApiCaller(
            node,
            node.apiserver.authority.issueClient("admin", List.of("admins"), Duration.ofDays(1)),
            "");
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  private void ticker(String name) throws Exception {
    node.pod(name, "hubspoke/ticker", p -> p, "--interval=1s");
    Await.until(name + " runs", () -> node.container(name).at("/state").has("running"));
  }

  @Test
  void exec_and_its_like_say_what_is_wrong_with_a_request() throws Exception {
    start(s -> {});
    ticker("t");
    ApiCaller.Answer noStreams =
        new ApiCaller.Answer(400, "you must specify at least 1 of stdin, stdout, stderr");
    assertThat(admin.post("/exec/default/t/main?command=true")).isEqualTo(noStreams);
    // With a terminal nothing comes by stderr.
    assertThat(admin.get("/attach/default/t/main?error=1&tty=1")).isEqualTo(noStreams);
    assertThat(admin.post("/exec/default/none/main?command=true&output=1"))
        .isEqualTo(new ApiCaller.Answer(404, "pod does not exist"));
    assertThat(admin.post("/exec/default/t/other?command=true&output=1"))
        .isEqualTo(new ApiCaller.Answer(500, "container not found (\"other\")"));
    assertThat(admin.post("/exec/default/t/another-uid/main?command=true&output=1"))
        .isEqualTo(new ApiCaller.Answer(500, "container not found (\"main\")"));
    assertThat(admin.post("/run/default/none/main?cmd=true"))
        .isEqualTo(new ApiCaller.Answer(404, "pod does not exist"));
    assertThat(admin.post("/portForward/default/none").body()).isEqualTo("pod does not exist");
    assertThat(admin.post("/portForward/default/t/another-uid"))
        .isEqualTo(new ApiCaller.Answer(404, "pod not found"));
    assertThat(admin.post("/exec/default/t/main?command=true&output=1").code()).isEqualTo(400);
    assertThat(admin.post("/exec/default/t"))
        .isEqualTo(new ApiCaller.Answer(404, "404: Page Not Found"));
    assertThat(admin.ask(HttpMethod.DELETE, "/exec/default/t/main"))
        .isEqualTo(new ApiCaller.Answer(405, "405: Method Not Allowed"));
    assertThat(admin.get("/run/default/t/main?cmd=true").code()).isEqualTo(405);
    assertThat(admin.get("/other")).isEqualTo(new ApiCaller.Answer(404, "404 page not found\n"));
    assertThat(admin.get("/stats/../pods").code()).isEqualTo(404);
  }

  @Test
  void running_pods_are_those_with_running_containers() throws Exception {
    start(s -> {});
    ticker("t");
    node.pod("broken", "none/such", p -> p);
    Await.until("it waits", () -> node.container("broken").at("/state").has("waiting"));
    var running =
        Json.parseObject(admin.get("/runningpods/").body().getBytes(StandardCharsets.UTF_8));
    assertThat(running.path("items")).hasSize(1);
    assertThat(running.at("/items/0/metadata/name").asText()).isEqualTo("t");
    assertThat(running.at("/items/0/spec/containers/0/name").asText()).isEqualTo("main");
    var all = Json.parseObject(admin.get("/pods").body().getBytes(StandardCharsets.UTF_8));
    assertThat(all.path("items")).hasSize(2);
  }

  @Test
  void configz_tells_what_the_kubelet_goes_by() throws Exception {
    start(s -> s.streamIdleTimeout(Duration.ofMinutes(90)));
    var config =
        Json.parseObject(admin.get("/configz").body().getBytes(StandardCharsets.UTF_8))
            .path("kubeletconfig");
    assertThat(config.at("/authentication/anonymous/enabled").asBoolean(true)).isFalse();
    assertThat(config.at("/authentication/x509/clientCAFile").asText()).endsWith("ca.crt");
    assertThat(config.at("/authentication/webhook/cacheTTL").asText()).isEqualTo("2m0s");
    assertThat(config.at("/authorization/mode").asText()).isEqualTo("AlwaysAllow");
    assertThat(config.path("streamingConnectionIdleTimeout").asText()).isEqualTo("1h30m0s");
    assertThat(config.path("port").asInt()).isEqualTo(node.kubelet.port());
  }

  @Test
  void what_is_measured_is_told_and_nothing_else() throws Exception {
    start(s -> {});
    ticker("t");
    var summary =
        Json.parseObject(admin.get("/stats/summary").body().getBytes(StandardCharsets.UTF_8));
    assertThat(summary.at("/node/nodeName").asText()).isEqualTo("n1");
    assertThat(summary.at("/node/cpu/usageCoreNanoSeconds").asLong()).isPositive();
    assertThat(summary.at("/node/memory/workingSetBytes").asLong()).isPositive();
    assertThat(summary.at("/node/memory/availableBytes").asLong()).isPositive();
    assertThat(summary.at("/pods/0/podRef/name").asText()).isEqualTo("t");
    assertThat(summary.at("/pods/0/containers/0/name").asText()).isEqualTo("main");
    Await.until(
        "a rate between two looks",
        () ->
            Json.parseObject(admin.get("/stats/summary").body().getBytes(StandardCharsets.UTF_8))
                .at("/node/cpu")
                .has("usageNanoCores"));
    assertThat(admin.get("/metrics/resource").body())
        .contains("node_cpu_usage_seconds_total ", "node_memory_working_set_bytes ")
        .contains(
            "container_start_time_seconds{container=\"main\",namespace=\"default\",pod=\"t\"} ")
        .doesNotContain("E9");
    assertThat(admin.get("/metrics/cadvisor").body()).contains("machine_memory_bytes ");
    assertThat(admin.get("/metrics").body())
        .contains("kubelet_running_pods 1\n", "kubelet_node_name{node=\"n1\"} 1\n");
  }

  @Test
  void log_files_are_listed_and_read_but_none_outside() throws Exception {
    start(s -> {});
    Path logs = Files.createDirectories(directory.resolve("logs"));
    Files.createDirectories(logs.resolve("sub"));
    Files.writeString(logs.resolve("a <b>.log"), "hello\n".repeat(100_000));
    Files.writeString(directory.resolve("secret"), "secret");
    Files.createSymbolicLink(logs.resolve("link"), directory.resolve("secret"));
    Files.createSymbolicLink(logs.resolve("up"), directory);
    assertThat(admin.get("/logs/"))
        .isEqualTo(
            new ApiCaller.Answer(
                200,
                """
                <pre>
                <a href="./a%20%3Cb%3E.log">a &lt;b&gt;.log</a>
                <a href="./sub/">sub/</a>
                </pre>
                """));
    assertThat(admin.get("/logs/a%20%3Cb%3E.log").body()).isEqualTo("hello\n".repeat(100_000));
    assertThat(admin.get("/logs/sub").code()).isEqualTo(301);
    assertThat(admin.get("/logs/sub/").body()).isEqualTo("<pre>\n</pre>\n");
    for (String outside :
        List.of(
            "/logs/link",
            "/logs/up/",
            "/logs/up/secret",
            "/logs/../secret",
            "/logs/%2e%2e/secret",
            "/logs/sub/..%2f..%2fsecret",
            "/logs/%00",
            "/logs//etc/passwd")) {
      assertThat(admin.get(outside).code()).as(outside).isIn(400, 404);
    }
    assertThat(admin.post("/logs/").code()).isEqualTo(405);
  }

  @Test
  void without_debugging_handlers_only_what_tells_of_the_node_is_left() throws Exception {
    start(s -> s.debuggingHandlers(false));
    ApiCaller.Answer disabled = new ApiCaller.Answer(405, "Debug endpoints are disabled.\n");
    for (String path :
        List.of(
            "/exec/default/t/main",
            "/attach/default/t/main",
            "/run/default/t/main",
            "/portForward/default/t",
            "/containerLogs/default/t/main",
            "/runningpods/",
            "/logs/")) {
      assertThat(admin.get(path)).as(path).isEqualTo(disabled);
    }
    assertThat(admin.get("/configz").code()).isEqualTo(404);
    assertThat(admin.get("/pods").code()).isEqualTo(200);
    assertThat(admin.get("/healthz?verbose").body()).contains("[+]syncloop ok\n");
  }

  @Test
  void system_logs_can_be_off_by_themselves() throws Exception {
    start(s -> s.systemLogHandler(false));
    assertThat(admin.get("/logs/"))
        .isEqualTo(new ApiCaller.Answer(405, "logs endpoint is disabled.\n"));
  }
}
