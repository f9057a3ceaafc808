package io.hubspoke.kubelet.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes who called a kubelet's API to a file of its owner's, a line of JSON for each request. A
 * disk that doesn't keep up costs lines, and no request.
 */
public final class AccessLog implements Consumer<Access> {
  private static final Logger LOG = LoggerFactory.getLogger(AccessLog.class);
  private static final int WAITING = 1024;

  private final BlockingQueue<Access> waiting = new ArrayBlockingQueue<>(WAITING);
  private final FileChannel file;

  private AccessLog(FileChannel file) {
    this.file = file;
  }

  /**
   * Opens a file, and appends to what is there.
   *
   * @throws IllegalArgumentException when it can't be written
   */
  public static AccessLog open(Path path) {
    try {
      if (path.getParent() != null) {
        Files.createDirectories(path.getParent());
      }
      var log =
          new AccessLog(
              FileChannel.open(
                  path,
                  Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                  PosixFilePermissions.asFileAttribute(
                      PosixFilePermissions.fromString("rw-------"))));
      var unused = Thread.ofVirtual().name("access log").start(log::write);
      return log;
    } catch (IOException e) {
      throw new IllegalArgumentException("--access-log-path: " + e.getMessage(), e);
    }
  }

  @Override
  public void accept(Access access) {
    if (!waiting.offer(access)) {
      LOG.warn("a request of {} is not in the access log: the disk is slow", access.user());
    }
  }

  private void write() {
    try {
      while (true) {
        file.write(ByteBuffer.wrap((json(waiting.take()) + "\n").getBytes(UTF_8)));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.error("the access log ends: {}", e.getMessage());
    }
  }

  private static String json(Access access) {
    var line =
        Json.object()
            .put("method", access.method())
            .put("path", access.path())
            .put("user", access.user())
            .put("remoteAddress", access.remoteAddress())
            .put("code", access.code());
    access.groups().forEach(line.putArray("groups")::add);
    return line.toString();
  }

  /**
   * Reads what was written so far; nothing when there is no file yet.
   *
   * @throws UncheckedIOException when it can't be read
   */
  public static List<Access> read(Path path) {
    if (!Files.exists(path)) {
      return List.of();
    }
    try {
      var text = Files.readString(path);
      // The last line may not be whole yet.
      return text.substring(0, text.lastIndexOf('\n') + 1)
          .lines()
          .map(line -> access(Json.parse(line.getBytes(UTF_8))))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Access access(JsonNode line) {
    var groups = new ArrayList<String>();
    line.path("groups").forEach(group -> groups.add(group.asText()));
    return new Access(
        line.path("method").asText(),
        line.path("path").asText(),
        line.path("user").asText(),
        groups,
        line.path("remoteAddress").asText(),
        line.path("code").asInt());
  }
}
