package io.hubspoke.kubelet.logs;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogReaderTest {
  @TempDir Path directory;

  @Test
  void aFollowerGetsWhatWasWrittenAfterARotationJustBeforeTheEnd() throws Exception {
    var file = directory.resolve("0.log");
    say(file, "one");
    var running = new AtomicBoolean(true);
    var text = new StringBuilder();
    var sink =
        new LogReader.Sink() {
          @Override
          public boolean write(Buffer part) {
            text.append(part);
            return true;
          }

          @Override
          public boolean closed() {
            return false;
          }

          @Override
          public void pause(Duration time) {
            try {
              say(file, "two");
              Files.move(file, directory.resolve("0.log.1"));
              say(file, "three");
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
            running.set(false);
          }
        };
    var follow =
        LogOptions.parse(MultiMap.caseInsensitiveMultiMap().add("follow", "true"), Instant.now());

    new LogReader(file, follow, sink).read(running::get);

    assertThat(text.toString().lines()).containsExactly("one", "two", "three");
  }

  private static void say(Path file, String line) throws IOException {
    Files.writeString(
        file,
        "2026-01-01T00:00:00Z stdout F " + line + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
