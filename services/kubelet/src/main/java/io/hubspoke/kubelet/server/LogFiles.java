package io.hubspoke.kubelet.server;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Serves {@code /logs/}: the files of one directory and of those in it, and lists of their names;
 * waits for files. Symbolic links are not followed, whoever made them: a container that may write
 * here must not choose what the node's files are read.
 */
final class LogFiles {
  private static final int BLOCK = 64 << 10;

  private final Vertx vertx;
  private final Path root;

  LogFiles(Vertx vertx, Path root) {
    this.vertx = vertx;
    this.root = root;
  }

  /** Answers with a file, or with the names in a directory. */
  void serve(Exchange exchange) {
    String path = exchange.path().substring("/logs".length());
    if (path.isEmpty()) {
      redirect(exchange, "/logs/");
      return;
    }
    List<String> names = new ArrayList<>();
    for (String name : path.split("/", -1)) {
      if (name.equals("..") || name.indexOf('\0') >= 0) {
        exchange.refuse(400, "invalid URL path\n");
        return;
      }
      if (!name.isEmpty() && !name.equals(".")) {
        names.add(name);
      }
    }
    try (DirectoryStream<Path> directory = Files.newDirectoryStream(root)) {
      if (directory instanceof SecureDirectoryStream<Path> secure) {
        descend(exchange, secure, names, path.endsWith("/"));
      } else {
        exchange.refuse(501, "logs are not served on this platform\n");
      }
    } catch (IOException e) {
      // A link among them fails with a message that names the file; it is as good as absent.
      exchange.refuse(404, "404 page not found\n");
    }
  }

  private void descend(
      Exchange exchange, SecureDirectoryStream<Path> directory, List<String> names, boolean slash)
      throws IOException {
    if (names.isEmpty()) {
      list(exchange, directory);
      return;
    }
    Path first = Path.of(names.getFirst());
    BasicFileAttributes found = attributes(directory, first);
    if (names.size() == 1 && !found.isDirectory()) {
      if (slash || !found.isRegularFile()) {
        throw new NoSuchFileException(first.toString());
      }
      send(exchange, directory, first);
    } else if (names.size() == 1 && !slash) {
      redirect(exchange, exchange.request().path() + "/");
    } else {
      try (var next = directory.newDirectoryStream(first, LinkOption.NOFOLLOW_LINKS)) {
        descend(exchange, next, names.subList(1, names.size()), slash);
      }
    }
  }

  private static BasicFileAttributes attributes(SecureDirectoryStream<Path> directory, Path name)
      throws IOException {
    return directory
        .getFileAttributeView(name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .readAttributes();
  }

  private static void redirect(Exchange exchange, String location) {
    exchange.response().putHeader("Location", location);
    exchange.refuse(301, "");
  }

  private static void list(Exchange exchange, SecureDirectoryStream<Path> directory)
      throws IOException {
    List<String> names = new ArrayList<>();
    for (Path entry : directory) {
      Path name = entry.getFileName();
      BasicFileAttributes found = attributes(directory, name);
      if (found.isDirectory()) {
        names.add(name + "/");
      } else if (found.isRegularFile()) {
        names.add(name.toString());
      }
    }
    names.sort(null);
    StringBuilder page = new StringBuilder("<pre>\n");
    for (String name : names) {
      // A path of its own, so that a colon in the name makes no scheme.
      page.append("<a href=\"./").append(escapeUrl(name)).append("\">");
      page.append(escapeHtml(name)).append("</a>\n");
    }
    exchange.answer(
        200, "text/html; charset=utf-8", Buffer.buffer(page.append("</pre>\n").toString()));
  }

  private static String escapeUrl(String name) {
    StringBuilder escaped = new StringBuilder();
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if (c < 128 && (Character.isLetterOrDigit(c) || "-._~/".indexOf(c) >= 0)) {
        escaped.append(c);
      } else {
        escaped.append("%%%02X".formatted(b & 0xff));
      }
    }
    return escaped.toString();
  }

  private static String escapeHtml(String name) {
    return name.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&#34;")
        .replace("'", "&#39;");
  }

  /** Sends as much as the file has now; what is appended meanwhile is for the next request. */
  private void send(Exchange exchange, SecureDirectoryStream<Path> directory, Path name)
      throws IOException {
    try (SeekableByteChannel file =
        directory.newByteChannel(
            name, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
      long left = file.size();
      var response = exchange.response();
      response
          .putHeader("Content-Type", Exchange.TEXT)
          .putHeader("X-Content-Type-Options", "nosniff")
          .putHeader("Content-Length", String.valueOf(left));
      ResponseSink sink = new ResponseSink(vertx, response);
      while (left > 0) {
        ByteBuffer block = ByteBuffer.allocate((int) Math.min(BLOCK, left));
        int read = file.read(block);
        if (read < 0) {
          // Cut short meanwhile: the length that was promised can't be kept.
          response.reset();
          exchange.answered(200);
          return;
        }
        left -= read;
        if (!sink.write(Buffer.buffer(Arrays.copyOf(block.array(), read)))) {
          exchange.answered(200);
          return;
        }
      }
      response.end().otherwiseEmpty();
      exchange.answered(200);
    }
  }
}
