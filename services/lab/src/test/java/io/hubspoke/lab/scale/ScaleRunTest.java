package io.hubspoke.lab.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.lab.bench.ProcessUsage;
import io.vertx.core.Future;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScaleRunTest {
  @Test
  void keysAreDeletedEvenIfTheControlPlaneDoesNotEnd(@TempDir Path dir) throws Exception {
    var own = Files.createDirectories(dir.resolve("run"));
    Files.writeString(own.resolve("ca.key"), "secret");
    var plan = new ScalePlan(1, 0, 0, Duration.ZERO, 0, own);
    var run = new ScaleRun(plan, new Stuck(), phase -> {}, live -> {});

    assertThatThrownBy(run::run).hasMessage("does not start");
    assertThatThrownBy(run::close).hasMessage("does not end");

    assertThat(own).doesNotExist();
  }

  private static final class Stuck implements ScaleRun.Launcher, ControlPlane {
    @Override
    public ControlPlane controlPlane(Path directory) {
      return this;
    }

    @Override
    public NodePools pools(
        ScalePlan plan, ScaleRun.Cluster cluster, Function<String, Future<Void>> forget) {
      throw new UnsupportedOperationException();
    }

    @Override
    public ScaleRun.Cluster ready() throws IOException {
      throw new IOException("does not start");
    }

    @Override
    public boolean isAlive() {
      return false;
    }

    @Override
    public Map<String, ProcessUsage> usage() {
      return Map.of();
    }

    @Override
    public void close() throws IOException {
      throw new IOException("does not end");
    }
  }
}
