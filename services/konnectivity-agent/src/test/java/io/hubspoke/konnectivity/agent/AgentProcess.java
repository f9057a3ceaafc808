package io.hubspoke.konnectivity.agent;

import io.hubspoke.runtime.Logging;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;

/** An agent in a process of its own, to be killed. */
record AgentProcess(Process process) implements AutoCloseable {
  static AgentProcess start(Path folder, TestTunnel tunnel) throws IOException {
    var pki = tunnel.pki;
    return new AgentProcess(
        new ProcessBuilder(
                List.of(
                    ProcessHandle.current().info().command().orElseThrow(),
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-cp",
                    System.getProperty("java.class.path"),
                    AgentProcess.class.getName(),
                    "--proxy-server-port=" + tunnel.server().agentPort(),
                    "--ca-cert=" + pki.ca(),
                    "--agent-cert=" + pki.cert("agent"),
                    "--agent-key=" + pki.key("agent"),
                    "--health-server-host=127.0.0.1",
                    "--health-server-port=" + Peers.port(),
                    "--admin-server-port=" + Peers.port()))
            .redirectErrorStream(true)
            .redirectOutput(Files.createTempFile(folder, "agent", ".log").toFile())
            .start());
  }

  void kill() {
    process.destroyForcibly();
  }

  @Override
  public void close() {
    kill();
  }

  /** Runs the command. */
  public static void main(String[] arguments) {
    Logging.level("INFO");
    System.exit(new CommandLine(new KonnectivityAgentCommand()).execute(arguments));
  }
}
