package io.hubspoke.kubeproxy.nftables;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.hubspoke.runtime.Programs;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A program of the system, run without a shell. Its methods block. */
final class Tool {
  /** More of what a program complains is of no use to anybody. */
  private static final int MOST_COMPLAINTS = 8 << 10;

  private final List<String> command;

  private Tool(List<String> command) {
    this.command = command;
  }

  /** Finds it, and has another program run it where there is a prefix. */
  static Optional<Tool> find(String name, List<String> prefix) {
    return Programs.find(name)
        .map(
            file -> {
              List<String> command = new ArrayList<>(prefix);
              command.add(file.toString());
              return new Tool(command);
            });
  }

  /**
   * Starts it.
   *
   * @param output where its standard output goes
   */
  Process start(ProcessBuilder.Redirect output, List<String> arguments) throws IOException {
    List<String> line = new ArrayList<>(command);
    line.addAll(arguments);
    var builder = new ProcessBuilder(line).redirectOutput(output);
    builder.environment().put("LC_ALL", "C");
    return builder.start();
  }

  /** Waits for its end, and returns what it complained of meanwhile when it failed. */
  static Optional<String> failure(Process process) throws IOException {
    try (InputStream complaints = process.getErrorStream()) {
      byte[] first = complaints.readNBytes(MOST_COMPLAINTS);
      complaints.transferTo(OutputStream.nullOutputStream());
      int status = process.waitFor();
      if (status == 0) {
        return Optional.empty();
      }
      String text = new String(first, UTF_8).strip();
      return Optional.of(text.isEmpty() ? "exit status " + status : text);
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
