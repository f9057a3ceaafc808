package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** A lab over two machines, each of which is a network of its own with one cable to the other. */
@EnabledIfSystemProperty(named = "hubspoke.lab", matches = "true")
class LabAcrossMachinesTest {
  private static final String NAMES = "hubspoke-lab-" + ProcessHandle.current().pid() + "-";
  private static final Pattern HOW = Pattern.compile("others offer room by: hubspoke (.*)");

  @TempDir Path directory;
  private final List<Process> processes = new ArrayList<>();

  @AfterEach
  void cleanUp() throws Exception {
    processes.forEach(Process::destroyForcibly);
    ip("netns", "del", NAMES + 1);
    ip("netns", "del", NAMES + 2);
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void nodesOfAnotherMachineAnswerAsThoseHereDo() throws Exception {
    for (var n = 1; n <= 2; n++) {
      ip("netns", "add", NAMES + n);
      ip("-n", NAMES + n, "link", "set", "lo", "up");
    }
    ip(
        "-n", NAMES + 1, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns",
        NAMES + 2);
    for (var n = 1; n <= 2; n++) {
      ip("-n", NAMES + n, "addr", "add", "10.77.0." + n + "/24", "dev", "cable");
      ip("-n", NAMES + n, "link", "set", "cable", "up");
    }
    var said = directory.resolve("scale");
    var lab =
        on(
            1,
            said,
            List.of(
                "scale",
                "--nodes=10",
                "--dir=" + directory.resolve("lab"),
                "--lab-address=10.77.0.1",
                "--lab-keys=" + directory.resolve("keys"),
                "--members=2",
                "--processes=1",
                "--sample=10",
                "--hold=1s"));
    // Two JVMs start before it is said, which takes a busy machine longer than Await waits.
    while (find(said, HOW).isEmpty() && lab.isAlive()) {
      TimeUnit.MILLISECONDS.sleep(100);
    }
    var how = find(said, HOW);
    assertThat(how).as(Files.readString(said)).isNotEmpty();
    var member = on(2, directory.resolve("up"), List.of(how.split(" ", -1)));

    assertThat(lab.waitFor(4, TimeUnit.MINUTES)).isTrue();
    var report = Files.readString(said);
    assertThat(lab.exitValue()).as(report).isZero();
    assertThat(report)
        .containsPattern("member 1 .*: [1-9] nodes, [1-9] in, 0 failed")
        .containsPattern("member 2 .*: [1-9] nodes, [1-9] in, 0 failed")
        .containsPattern("trials on 10 nodes .*, 0 failed");
    assertThat(member.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(member.exitValue()).isZero();
  }

  private Process on(int machine, Path said, List<String> command) throws IOException {
    var line = new ArrayList<>(List.of("ip", "netns", "exec", NAMES + machine));
    line.addAll(OwnCommand.with(command));
    var process =
        new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    processes.add(process);
    return process;
  }

  private static String find(Path said, Pattern pattern) throws IOException {
    var found = pattern.matcher(Files.readString(said));
    return found.find() ? found.group(1).strip() : "";
  }

  private static void ip(String... arguments) throws Exception {
    var line = new ArrayList<>(List.of("ip"));
    line.addAll(List.of(arguments));
    new ProcessBuilder(line).redirectErrorStream(true).start().waitFor();
  }
}
