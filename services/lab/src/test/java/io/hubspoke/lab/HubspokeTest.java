package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Set;
import org.junit.jupiter.api.Test;

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
    assertThat(err.toString()).contains("X9").contains("N1, N2, N6, C1, C1v").hasLineCount(1);
  }

  private int run(String... arguments) {
    return Hubspoke.commandLine()
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }
}
