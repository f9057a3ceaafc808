package io.hubspoke.apiserver.audit;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.http.RequestInfo;
import io.hubspoke.testing.Await;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AuditLogWriterTest {
  /** Whoever found a request that can't be written would have hidden what others do as well. */
  @Test
  void anEventThatCannotBeWrittenTakesNoOtherWithIt() throws Exception {
    var lines = new ByteArrayOutputStream();
    var log =
        new AuditLog(
            new AuditLog.Output() {
              @Override
              public void write(byte[] bytes) {
                lines.writeBytes(bytes);
              }

              @Override
              public void close() {}
            },
            new SimpleMeterRegistry());
    List<Future<Void>> written = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      written.add(log.offer(event("before-" + i)));
      Future<Void> broken =
          log.offer(new AuditEvent(null, null, null, null, null, none(), none(), Map.of()));
      written.add(log.offer(event("after-" + i)));
      assertThat(Await.failure(broken)).isNotNull();
    }
    for (Future<Void> one : written) {
      Await.result(one);
    }
    Await.result(log.close());
    assertThat(lines.toString(StandardCharsets.UTF_8).lines()).hasSize(10);
  }

  private static AuditBody none() {
    return AuditBody.NONE;
  }

  private static AuditEvent event(String id) {
    var subject =
        new AuditEvent.Subject(
            id,
            new AuditPolicy.Verdict(AuditLevel.METADATA, Set.of(), false),
            new RequestInfo(false, "/version", "get", "", "", "", "", "", "", ""),
            "/version",
            null,
            List.of(),
            "",
            Instant.EPOCH);
    return new AuditEvent(
        subject,
        AuditStage.RESPONSE_COMPLETE,
        Instant.EPOCH,
        null,
        new AuditEvent.Outcome(200, null, ""),
        none(),
        none(),
        Map.of());
  }
}
