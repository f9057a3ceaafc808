package io.hubspoke.kubelet.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WatchdogTest {
  @TempDir Path directory;

  @Test
  void itEndsTheProcessesOfItsRecordsAndNoOtherOfTheSameNumber() throws Exception {
    assumeTrue(Libc.LINUX, "needs /proc");
    Process own = new ProcessBuilder("sleep", "100").start();
    Process other = new ProcessBuilder("sleep", "100").start();
    try {
      Watchdog watchdog = Watchdog.start(directory);
      new RunRecords(directory.getParent(), directory.getFileName().toString())
          .note("own", (int) own.pid());
      Files.writeString(directory.resolve("other"), other.pid() + " 1");
      assertThat(own.isAlive()).isTrue();

      // As the system does when the kubelet is killed.
      watchdog.stop();

      assertThat(own.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(own.exitValue()).isEqualTo(137);
      assertThat(other.isAlive()).isTrue();
    } finally {
      own.destroyForcibly();
      other.destroyForcibly();
    }
  }
}
