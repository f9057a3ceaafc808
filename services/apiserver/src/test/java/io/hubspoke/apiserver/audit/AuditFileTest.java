package io.hubspoke.apiserver.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditFileTest {
  private Instant now = Instant.parse("2026-05-01T10:00:00Z");

  @Test
  void aFullFileIsKeptUnderItsTimeAndTheOldestGo(@TempDir Path dir) throws Exception {
    Path path = dir.resolve("audit.log");
    Files.writeString(dir.resolve("audit-notes.log"), "somebody else's");
    AuditFile file = new AuditFile(path, 10, 2, Duration.ZERO, () -> now);
    for (int i = 0; i < 5; i++) {
      file.write(("line " + i + "\n").getBytes(StandardCharsets.UTF_8));
      now = now.plusSeconds(1);
    }
    file.close();
    assertThat(Files.readString(path)).isEqualTo("line 4\n");
    assertThat(names(dir))
        .containsExactly(
            "audit-2026-05-01T10-00-03.000.log",
            "audit-2026-05-01T10-00-04.000.log",
            "audit-notes.log",
            "audit.log");
    for (String name : List.of("audit.log", "audit-2026-05-01T10-00-03.000.log")) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(dir.resolve(name))))
          .isEqualTo("rw-------");
    }
  }

  @Test
  void filesThatAreTooOldGo(@TempDir Path dir) throws Exception {
    Path path = dir.resolve("audit");
    AuditFile file = new AuditFile(path, 5, 0, Duration.ofDays(2), () -> now);
    for (int i = 0; i < 5; i++) {
      file.write("12345\n".getBytes(StandardCharsets.UTF_8));
      now = now.plus(Duration.ofDays(1));
    }
    file.close();
    assertThat(names(dir))
        .containsExactly(
            "audit",
            "audit-2026-05-03T10-00-00.000",
            "audit-2026-05-04T10-00-00.000",
            "audit-2026-05-05T10-00-00.000");
  }

  @Test
  void whatWasWrittenBeforeAStartStays(@TempDir Path dir) throws Exception {
    Path path = dir.resolve("audit.log");
    for (String line : List.of("one\n", "two\n")) {
      AuditFile file = new AuditFile(path, 1000, 0, Duration.ZERO, () -> now);
      file.write(line.getBytes(StandardCharsets.UTF_8));
      file.close();
    }
    assertThat(Files.readString(path)).isEqualTo("one\ntwo\n");
  }

  private static List<String> names(Path dir) throws Exception {
    try (var files = Files.list(dir)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }
}
