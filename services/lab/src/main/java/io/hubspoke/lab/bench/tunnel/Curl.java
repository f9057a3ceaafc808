package io.hubspoke.lab.bench.tunnel;

import io.hubspoke.lab.bench.Latencies;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** A client that nobody here wrote, which makes a new connection for each request. */
record Curl(Path binary) {
  private static final double NANOS = 1e9;

  static Optional<Curl> onPath() {
    var path = System.getenv("PATH");
    for (var folder : Pattern.compile(File.pathSeparator, Pattern.LITERAL).split(path, -1)) {
      var binary = Path.of(folder, "curl");
      if (Files.isExecutable(binary)) {
        return Optional.of(new Curl(binary));
      }
    }
    return Optional.empty();
  }

  /**
   * Asks for a page, by a process each time.
   *
   * @return the times from curl's beginning to the answer's first byte, by its own clock
   */
  Latencies firstBytes(List<String> options, String url, int count)
      throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(binary.toString());
    command.addAll(List.of("--silent", "--show-error", "--fail", "--output", "/dev/null"));
    command.addAll(List.of("--write-out", "%{time_starttransfer}"));
    command.addAll(options);
    command.add(url);
    var times = new Latencies();
    for (int i = 0; i < count; i++) {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IOException("curl: " + said.strip());
      }
      times.add((long) (Double.parseDouble(said.strip()) * NANOS));
    }
    return times;
  }
}
