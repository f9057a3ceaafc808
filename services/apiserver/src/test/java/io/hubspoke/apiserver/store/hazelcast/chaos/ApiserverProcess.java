package io.hubspoke.apiserver.store.hazelcast.chaos;

import io.hubspoke.apiserver.ApiserverCommand;
import io.hubspoke.runtime.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/** An apiserver in a JVM and a network of its own. */
final class ApiserverProcess {
  private final Process process;

  private ApiserverProcess(Process process) {
    this.process = process;
  }

  /** Is what that JVM runs. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new ApiserverCommand()).execute(arguments));
  }

  static ApiserverProcess start(NetworkNamespace network, Path log, List<String> arguments)
      throws IOException {
    List<String> command = new ArrayList<>(network.prefix());
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "-Xshare:auto",
            "-Xlog:disable",
            "-Dvertx.disableDnsResolver=true",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            ApiserverProcess.class.getName()));
    command.addAll(arguments);
    return new ApiserverProcess(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start());
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Ends it at once, as kill -9 does. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
  }

  /** Tells it to end, and waits until it has. */
  void stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("an apiserver did not stop within 30 s");
    }
  }

  /** Sends a signal, such as STOP. {@code ip netns exec} has become the JVM by then. */
  void signal(String name) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }
}
