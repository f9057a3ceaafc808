package io.hubspoke.lab.bench;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.runtime.Programs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code hey}, a load generator that nobody here wrote (Debian's package of the same name). */
public record Hey(Path program) {

  /** Returns the one on the PATH. */
  public static Optional<Hey> onPath() {
    return Programs.find("hey").map(Hey::new);
  }

  /**
   * Runs a load: one path and one body for all requests, since hey knows no other.
   *
   * @param token what it shows; it cannot show a certificate
   */
  public Measurement run(
      ClientConfig config,
      String token,
      ClosedLoop.Load load,
      int parallel,
      Duration time,
      ServerProcess server)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                program.toString(),
                "-z",
                time.toMillis() + "ms",
                "-c",
                Integer.toString(parallel),
                // It names the server by host and port in its TLS hello, which the JDK refuses;
                // by an address alone it names none.
                "-host",
                config.server().getHost(),
                "-m",
                load.method().name(),
                "-o",
                "csv",
                "-A",
                "application/json",
                "-T",
                "application/json",
                "-H",
                "Authorization: Bearer " + token));
    var body = load.body().apply(0);
    if (body != null) {
      command.add("-d");
      command.add(body.toString());
    }
    command.add(config.server() + load.path().apply(0));
    double cpu = server == null ? 0 : server.cpuSeconds();
    var process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    var read = new Csv(load.expected());
    try (var out = process.inputReader(StandardCharsets.UTF_8)) {
      out.lines().skip(1).forEach(read::line);
    }
    if (process.waitFor() != 0) {
      throw new IOException("hey ended with status " + process.exitValue());
    }
    if (read.times.count() + read.failed == 0) {
      throw new IOException("hey got no answer from " + config.server());
    }
    return new Measurement(
        "hey: " + load.what(),
        read.failed,
        read.lastSecond,
        read.times,
        server == null ? null : server.since(cpu));
  }

  /** Its answers, a line each: the time it took, six parts of it, the status, when it was sent. */
  private static final class Csv {
    private final int expected;
    private final Latencies times = new Latencies();
    private double lastSecond;
    private long failed;

    Csv(int expected) {
      this.expected = expected;
    }

    void line(String line) {
      String[] fields = line.split(",", -1);
      double took = Double.parseDouble(fields[0]);
      lastSecond = Math.max(lastSecond, Double.parseDouble(fields[7]) + took);
      if (Integer.parseInt(fields[6]) == expected) {
        times.add((long) (took * 1e9));
      } else {
        failed++;
      }
    }
  }
}
