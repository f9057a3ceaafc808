package io.hubspoke.kubelet.logs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.hubspoke.testing.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Logs on a disk that is full. */
class ContainerLogTest {
  @Test
  void aFullDiskIsToldOnceAndWritersGoOnAndSoDoesTheLogWhenThereIsRoom(@TempDir Path dir)
      throws Exception {
    var file = dir.resolve("0.log");
    Files.createSymbolicLink(file, Path.of("/dev/full"));
    var log = new ContainerLog(file, 1 << 20);
    var told = new ListAppender<ILoggingEvent>();
    told.start();
    var logger = (Logger) LoggerFactory.getLogger(ContainerLog.class);
    logger.addAppender(told);
    try {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> Await.result(log.write(ContainerLog.Stream.STDOUT, "lost")))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("No space left on device");
      }
      Files.delete(file);
      Await.result(log.write(ContainerLog.Stream.STDOUT, "kept"));
    } finally {
      logger.detachAppender(told);
    }

    assertThat(Files.readString(file)).matches("\\S+ stdout F kept\n");
    var messages =
        told.list.stream()
            .map(ILoggingEvent::getFormattedMessage)
            .filter(message -> message.contains(file + ": "))
            .toList();
    assertThat(messages).hasSize(1);
    assertThat(messages.getFirst()).contains("is lost", "No space left on device");
  }

  /** Needs root: a small disk of its own. */
  @Test
  void aLineThatFoundNoRoomLeavesNoHalfOfItself(@TempDir Path dir) throws Exception {
    run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir.toString());
    try {
      var file = dir.resolve("0.log");
      var log = new ContainerLog(file, 1 << 20);
      var filler = Files.write(dir.resolve("filler"), new byte[40 << 10]);
      Await.result(log.write(ContainerLog.Stream.STDOUT, "first"));
      assertThatThrownBy(
          () -> Await.result(log.write(ContainerLog.Stream.STDOUT, "x".repeat(60 << 10))));
      Files.delete(filler);
      Await.result(log.write(ContainerLog.Stream.STDOUT, "last"));

      assertThat(Files.readAllLines(file))
          .hasSize(2)
          .satisfies(lines -> assertThat(lines.getFirst()).endsWith(" stdout F first"))
          .satisfies(lines -> assertThat(lines.getLast()).endsWith(" stdout F last"));
    } finally {
      run("umount", dir.toString());
    }
  }

  private static void run(String... command) throws Exception {
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).as("%s ends", List.of(command)).isTrue();
    assertThat(process.exitValue()).as("%s: %s", List.of(command), output).isZero();
  }
}
