package io.hubspoke.lab.scale;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.lab.bench.ServerProcess;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A child of this process that speaks in lines of JSON. It ends when its input does, so also when
 * this process dies.
 */
final class ChildProcess implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 10;

  private final Process process;
  private final Writer orders;

  /**
   * Takes care of a process that was just started.
   *
   * @param said gets each of its lines, on a thread of its own
   * @param ended called when it says nothing any more
   */
  ChildProcess(Process process, Consumer<ObjectNode> said, Runnable ended) {
    this.process = process;
    this.orders = process.outputWriter(StandardCharsets.UTF_8);
    Thread.ofPlatform()
        .daemon()
        .name("child " + process.pid())
        .start(
            () -> {
              try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
                for (var line = lines.readLine(); line != null; line = lines.readLine()) {
                  // A JVM may have a word to say itself.
                  if (line.startsWith("{")) {
                    said.accept(Json.parseObject(line.getBytes(StandardCharsets.UTF_8)));
                  }
                }
              } catch (IOException | ApiException broken) {
                // It ends, or is no child of ours any more.
              } finally {
                ended.run();
              }
            });
  }

  synchronized void tell(ObjectNode order) throws IOException {
    orders.write(order + "\n");
    orders.flush();
  }

  ServerProcess usage() {
    return new ServerProcess(process.pid());
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Lets it end by itself, and helps after a while. */
  @Override
  public void close() {
    try {
      orders.close();
    } catch (IOException gone) {
      // Nobody is there to hear it.
    }
    try {
      if (process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }
}
