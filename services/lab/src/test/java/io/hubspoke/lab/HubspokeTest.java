package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HubspokeTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void everyCommandHasHelpWithAnExample() {
    for (var subcommand : Set.copyOf(Hubspoke.commandLine().getSubcommands().values())) {
      var command = subcommand.getCommandName();
      out.getBuffer().setLength(0);
      assertThat(run(command, "--help")).as(command).isZero();
      assertThat(out.toString()).as(command).contains("Example").contains("hubspoke " + command);
    }
  }

  @Test
  void componentsAreKnownByTheNamesOfTheRealBinariesToo() {
    for (var name :
        new String[] {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"}) {
      assertThat(run(name, "--help")).as(name).isZero();
    }
  }

  @Test
  void anUnknownFlagIsOneLineAndStatusTwo() {
    assertThat(run("up", "--noodles", "3")).isEqualTo(2);
    assertThat(err.toString()).startsWith("error: ").contains("--noodles").hasLineCount(1);
  }

  @Test
  void anUnknownRouteNamesThoseThatAreThere() {
    assertThat(run("audit", "--routes", "X9")).isEqualTo(2);
    assertThat(err.toString()).contains("X9").contains("N1, N2, N3", "C1, C1v").hasLineCount(1);
  }

  @Test
  void aRouteThatIsNotMeasuredBetweenContainersIsRefusedThere() {
    for (var routes : new String[] {"N3", "C1,N4", "C1v/ssh"}) {
      err.getBuffer().setLength(0);
      assertThat(run("audit", "--in-cluster", "--routes", routes)).as(routes).isEqualTo(2);
      assertThat(err.toString())
          .contains("--in-cluster; there are N1, N2, N6, N7, ")
          .hasLineCount(1);
    }
  }

  @Test
  void aReportThatCannotBeWrittenIsOneLineBeforeAnyWork() {
    for (var file : new String[] {"/", "/no/such/directory/report.json", "/proc/report.json"}) {
      err.getBuffer().setLength(0);
      assertThat(run("demo", "--json", file)).as(file).isEqualTo(1);
      assertThat(err.toString()).startsWith("error: cannot write " + file).hasLineCount(1);
    }
  }

  @Test
  void upRefusesNodesThatDoNotFit() {
    for (var nodes : new String[] {"-1", "5000", "three"}) {
      err.getBuffer().setLength(0);
      assertThat(run("up", "--nodes", nodes)).as(nodes).isEqualTo(2);
      assertThat(err.toString()).startsWith("error: ").contains("--nodes").hasLineCount(1);
    }
  }

  @Test
  void upRefusesADirectoryThatCannotBeOne(@TempDir Path dir) throws Exception {
    var file = Files.createFile(dir.resolve("file"));
    for (var bad : new String[] {file.toString(), file + "/below", "/proc/lab"}) {
      err.getBuffer().setLength(0);
      assertThat(run("up", "--dir", bad)).as(bad).isEqualTo(1);
      assertThat(err.toString()).startsWith("error: --dir " + bad).hasLineCount(1);
    }
  }

  @Test
  void aMeshWithoutNodesIsReady(@TempDir Path dir) {
    assertThat(run("up", "--nodes", "0", "--dir", dir.toString(), "--exit-when-ready")).isZero();
    assertThat(out.toString()).contains("ready in ").contains("0 nodes");
  }

  private int run(String... arguments) {
    return Hubspoke.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }
}
