package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@code hubspoke} command that runs in a process of its own; what it complains is in a file. */
record HubspokeProcess(Process process, Path err) implements AutoCloseable {
  private static final long STOP_SECONDS = 20;

  /** Returns what runs a command line, stopped by signals as a shell's foreground process is. */
  static ProcessBuilder builder(List<String> arguments) {
    var command =
        new ArrayList<>(
            List.of(
                // A shell in the background has its children ignore SIGINT, and their children too.
                "env",
                "--default-signal=INT",
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Hubspoke.class.getName()));
    command.addAll(arguments);
    return new ProcessBuilder(command);
  }

  static HubspokeProcess start(Path err, List<String> arguments) throws IOException {
    return new HubspokeProcess(
        builder(arguments)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(err.toFile())
            .start(),
        err);
  }

  String complaints() throws IOException {
    return Files.readString(err);
  }

  /** Waits for the end, and returns the exit status. */
  int ended() throws InterruptedException {
    assertThat(process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)).as("ended in time").isTrue();
    return process.exitValue();
  }

  int stop(String signal) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
    return ended();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
