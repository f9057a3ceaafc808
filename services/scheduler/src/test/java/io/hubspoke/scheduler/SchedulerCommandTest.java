package io.hubspoke.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class SchedulerCommandTest {
  @TempDir private Path dir;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "profile: [] | strict decoding error: unknown field \"profile\"",
        "leaderElection: {leaseDuration: x} | leaderElection.leaseDuration: \"x\" is not a duration",
        "profiles: [{schedulerName: a}, {schedulerName: b}] | profiles: only one is possible here",
        "profiles: [{schedulerName: 1}] | profiles[0].schedulerName: must be a name, but is 1",
        "profiles: [{plugins: {}}] | profiles[0].plugins: its plugins can't be chosen here",
        "extenders: [{}] | extenders: there are none here",
      })
  void aFieldThatMakesNoSenseOrWouldChangeNothingIsNamedWithItsFile(String field, String complaint)
      throws Exception {
    var file = configuration(field);
    assertThat(complaint("--config=" + file)).contains("--config: " + file + ": " + complaint);
  }

  @Test
  void theFileSaysWhereTheApiserverIs() throws Exception {
    assertThat(complaint()).contains("--kubeconfig, or --config with clientConnection.kubeconfig");
    var file = configuration("clientConnection: {kubeconfig: not-there}");
    assertThat(complaint("--config=" + file)).contains("--kubeconfig: not-there: no such file");
  }

  private Path configuration(String fields) throws Exception {
    var kind = "apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n";
    return Files.writeString(dir.resolve("config.yaml"), kind + fields + "\n");
  }

  private static String complaint(String... flags) {
    var err = new StringWriter();
    var status =
        new CommandLine(new SchedulerCommand()).setErr(new PrintWriter(err, true)).execute(flags);
    assertThat(status).isEqualTo(2);
    return err.toString().lines().findFirst().orElse("");
  }
}
