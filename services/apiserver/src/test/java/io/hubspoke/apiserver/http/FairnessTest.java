package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.ApiserverOptions.Limits;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.testing.Await;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One client floods; the others go on. */
@Timeout(120)
class FairnessTest {
  // A list not older than a revision that is yet to come waits for it.
  private static final String SLOW = "/api/v1/nodes?resourceVersion=" + Long.MAX_VALUE;
  private static final int FLOOD = 500;
  private static final int MOST = 40;
  private static TestApiserver server;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server =
        new TestApiserver(
            dir,
            options ->
                options.with(
                    new Limits(Duration.ofMinutes(1), MOST, MOST, ConnectionLimits.DEFAULT)));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aClientThatFloodsIsToldToComeBackAndOthersAreServed() throws Exception {
    var flooder = server.client("system:kube-proxy", "system:node-proxiers");
    var other = server.client("system:node:n1", "system:nodes");
    var third = server.client("jane");
    List<CompletableFuture<HttpResponse<String>>> flood = new ArrayList<>();
    for (int i = 0; i < FLOOD; i++) {
      flood.add(
          flooder
              .http()
              .sendAsync(flooder.request(SLOW).build(), BodyHandlers.ofString())
              .exceptionally(e -> null));
    }
    // A quarter of the places is taken and the queue is full: the rest has been refused.
    int refused = FLOOD - MOST / 4 - InFlightLimits.LONGEST_QUEUE;
    Await.until(
        "the flood to be refused",
        () -> flood.stream().filter(CompletableFuture::isDone).count() >= refused);

    for (int i = 0; i < 20; i++) {
      assertThat(other.get("/api/v1/nodes/n1").code()).isEqualTo(404);
      assertThat(third.get("/version").code()).isEqualTo(200);
    }

    var answers = flood.stream().filter(CompletableFuture::isDone).map(CompletableFuture::join);
    assertThat(answers)
        .filteredOn(answer -> answer != null && answer.statusCode() == 429)
        .isNotEmpty()
        .allSatisfy(
            answer -> {
              assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
              assertThat(answer.body()).contains("\"reason\":\"TooManyRequests\"");
            });
  }
}
