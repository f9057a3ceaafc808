package io.hubspoke.kubelet.runtime.cri;

import io.hubspoke.kubelet.runtime.cri.v1.ReopenContainerLogRequest;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Begins a new log file where one has become too long. The runtime writes them, and goes on with
 * the old one, whatever its name is then, until it is told.
 */
final class LogRotation {
  private static final Logger LOG = LoggerFactory.getLogger(LogRotation.class);

  private final Vertx vertx;
  private final CriClient client;
  private final long maxSize;
  private final Map<String, Path> files = new ConcurrentHashMap<>();
  private final long timer;

  /**
   * Looks at once in an interval until stopped.
   *
   * @param maxSize bytes after which a new file is begun; one old file stays beside it
   */
  LogRotation(Vertx vertx, CriClient client, long maxSize, Duration interval) {
    this.vertx = vertx;
    this.client = client;
    this.maxSize = maxSize;
    this.timer = vertx.setPeriodic(interval.toMillis(), id -> look());
  }

  /** Watches the log of a container until it has ended. */
  void watch(CriContainer container) {
    files.put(container.id(), container.config().logFile());
    container.exited().onComplete(exit -> files.remove(container.id()));
  }

  void stop() {
    vertx.cancelTimer(timer);
  }

  private void look() {
    if (!files.isEmpty()) {
      Thread.ofVirtual().start(() -> files.forEach(this::look));
    }
  }

  private void look(String id, Path file) {
    try {
      if (!Files.exists(file) || Files.size(file) <= maxSize) {
        return;
      }
      Path old = file.resolveSibling(file.getFileName() + ".1");
      Files.move(file, old, StandardCopyOption.REPLACE_EXISTING);
      reopen(id)
          .onFailure(
              failure -> {
                LOG.warn("log {} is not rotated: {}", file, failure.getMessage());
                restore(old, file);
              });
    } catch (IOException e) {
      LOG.warn("log {} is not rotated: {}", file, e.getMessage());
    }
  }

  private Future<Void> reopen(String id) {
    return client
        .call(
            CriMethod.REOPEN_CONTAINER_LOG,
            ReopenContainerLogRequest.newBuilder().setContainerId(id).build())
        .mapEmpty();
  }

  private static void restore(Path old, Path file) {
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                if (!Files.exists(file)) {
                  Files.move(old, file);
                }
              } catch (IOException e) {
                LOG.warn("log {} has become {}: {}", file, old, e.getMessage());
              }
            });
  }
}
