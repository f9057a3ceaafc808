package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.testing.Await;
import io.vertx.core.http.HttpServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PodTerminationTest {
  @TempDir private Path directory;
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private TestNode node;
  private HttpServer hooks;

  @BeforeEach
  void start() throws Exception {
    node = new TestNode(directory, "127.10.108.1").start(o -> o.podCidr("127.20.108.0/24"));
    hooks =
        Await.result(
            node.vertx
                .createHttpServer()
                .requestHandler(
                    request -> {
                      calls.add(request.path() + " begins");
                      node.vertx.setTimer(
                          400,
                          id -> {
                            calls.add(request.path() + " ends");
                            request.response().end();
                          });
                    })
                .listen(0, "127.10.108.1"));
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  private static ObjectNode json(String text) {
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private String call(String path) {
    return "{'httpGet':{'host':'127.10.108.1','port':%d,'path':'%s'}}"
        .formatted(hooks.actualPort(), path);
  }

  private static UnaryOperator<ObjectNode> spec(String fields, String containerFields) {
    return pod -> {
      ObjectNode spec = (ObjectNode) pod.path("spec");
      spec.setAll(json("{" + fields + "}"));
      ((ObjectNode) spec.at("/containers/0")).setAll(json("{" + containerFields + "}"));
      return pod;
    };
  }

  private void untilRunning(String pod) throws Exception {
    Await.until("it runs", () -> node.container(pod).at("/state").has("running"));
  }

  private void untilGone(String pod) throws Exception {
    Await.until("it is gone", () -> node.apiserver.get(TestNode.PODS + pod).isEmpty());
  }

  private void untilEvent(String text) throws Exception {
    Await.until(
        text, () -> node.events(), events -> events.stream().anyMatch(e -> e.contains(text)));
  }

  @Test
  void sidecarsServeTheOthersToTheirEndAndGoAfterThem() throws Exception {
    node.pod(
        "web",
        "hubspoke/pause",
        spec(
            "'initContainers':[{'name':'proxy','image':'hubspoke/pause','restartPolicy':'Always',"
                + "'lifecycle':{'preStop':"
                + call("/proxy")
                + "}}]",
            "'lifecycle':{'preStop':" + call("/main") + "}"));
    untilRunning("web");
    node.delete("web", 20);
    untilGone("web");
    assertThat(calls).containsExactly("/main begins", "/main ends", "/proxy begins", "/proxy ends");
  }

  @Test
  void aHookBeforeTheEndHasNoMoreTimeThanThePod() throws Exception {
    node.pod(
        "slow", "hubspoke/pause", spec("", "'lifecycle':{'preStop':{'sleep':{'seconds':60}}}"));
    untilRunning("slow");
    long begun = System.nanoTime();
    node.delete("slow", 1);
    untilGone("slow");
    assertThat(Duration.ofNanos(System.nanoTime() - begun))
        .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(20));
  }

  @Test
  void aShorterGraceLaterIsTheOneThatHolds() throws Exception {
    node.pod(
        "slow", "hubspoke/pause", spec("", "'lifecycle':{'preStop':{'sleep':{'seconds':60}}}"));
    untilRunning("slow");
    node.delete("slow", 300);
    untilEvent("Stopping container main");
    node.delete("slow", 0);
    untilGone("slow");
  }

  @Test
  void aHookAfterTheStartThatFailsHasTheContainerRestarted() throws Exception {
    node.pod(
        "bad",
        "hubspoke/pause",
        spec("", "'lifecycle':{'postStart':{'httpGet':{'host':'127.10.108.1','port':9}}}"));
    untilEvent("FailedPostStartHook: PostStartHook failed: Get \"http://127.10.108.1:9/\": ");
    untilEvent("Container main failed postStart hook");
    Await.until("a restart", () -> node.container("bad").path("restartCount").asInt() > 0);
  }

  @Test
  void aContainerIsNotReadyBeforeItsHookHasEnded() throws Exception {
    node.pod(
        "late", "hubspoke/pause", spec("", "'lifecycle':{'postStart':" + call("/started") + "}"));
    untilRunning("late");
    Await.until("it is ready", () -> node.container("late").path("ready").asBoolean());
    assertThat(calls).containsExactly("/started begins", "/started ends");
  }

  @Test
  void aPodOverItsDeadlineFails() throws Exception {
    node.pod("job", "hubspoke/pause", spec("'activeDeadlineSeconds':1", ""));
    Await.until("it failed", () -> node.status("job").path("phase").asText().equals("Failed"));
    assertThat(node.status("job").path("reason").asText()).isEqualTo("DeadlineExceeded");
    assertThat(node.container("job").at("/state").has("terminated")).isTrue();
  }
}
