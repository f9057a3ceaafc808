package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LocalControlPlaneTest {
  @Test
  void whoEndsItWhileItStartsCutsTheStartShort(@TempDir Path dir) throws Exception {
    var controlPlane = new LocalControlPlane(dir, "");
    try (var threads = Executors.newSingleThreadExecutor()) {
      var starting = threads.submit(controlPlane::ready);
      Await.until("it starts", () -> Files.exists(dir.resolve(".lock")), there -> there);

      controlPlane.close();

      assertThatThrownBy(starting::get).isNotNull();
      assertThat(controlPlane.isAlive()).isFalse();
      // Nobody has the directory any more.
      DirectoryLock.of(dir).close();
    }
  }
}
