package io.hubspoke.lab.bench.tunnel;

import io.hubspoke.runtime.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A client that nobody here wrote, which makes a new connection for each request. */
record Curl(Path binary) {
  private static final double NANOS = 1e9;

  static Optional<Curl> onPath() {
    return Programs.find("curl").map(Curl::new);
  }

  /** Up to where curl's time is taken, from its beginning on and by its own clock. */
  enum Until {
    HANDSHAKE("time_appconnect"),
    FIRST_BYTE("time_starttransfer");

    private final String variable;

    Until(String variable) {
      this.variable = variable;
    }
  }

  /** Asks for a page, by a process of its own, and returns how long it took in nanoseconds. */
  long ask(List<String> options, String url, Until until) throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(binary.toString());
    command.addAll(List.of("--silent", "--show-error", "--fail", "--output", "/dev/null"));
    command.addAll(List.of("--write-out", "%{" + until.variable + "}"));
    command.addAll(options);
    command.add(url);
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("curl: " + said.strip());
    }
    return (long) (Double.parseDouble(said.strip()) * NANOS);
  }
}
