package io.hubspoke.controllermanager;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Kubeconfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class ControllerManagerCommandTest {
  @TempDir Path dir;

  @Test
  void approvesNoServingCertificatesWithoutTheRangesOfNodes() throws Exception {
    assertThat(refusal("--hubspoke-approve-kubelet-serving"))
        .contains("--hubspoke-approve-kubelet-serving needs --hubspoke-kubelet-serving-cidrs");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--hubspoke-kubelet-serving-cidrs", "--service-cluster-ip-range"})
  void namesTheFlagWhoseRangeIsNone(String flag) throws Exception {
    assertThat(refusal("--hubspoke-approve-kubelet-serving", flag + "=10.0.0.0/8,10.1.0.0"))
        .contains(flag + ": \"10.1.0.0\" is not a CIDR range");
  }

  private String refusal(String... flags) throws Exception {
    var kubeconfig = dir.resolve("kubeconfig");
    var authority = CertificateAuthority.create("kubernetes", Duration.ofHours(1));
    Kubeconfig.of(
            "lab",
            Kubeconfig.Cluster.trusting("https://127.0.0.1:1", authority.certificate()),
            "manager",
            Kubeconfig.User.ofToken("secret"))
        .write(kubeconfig);
    var errors = new StringWriter();
    var arguments = new ArrayList<>(List.of("--kubeconfig=" + kubeconfig));
    arguments.addAll(List.of(flags));
    var code =
        new CommandLine(new ControllerManagerCommand())
            .setErr(new PrintWriter(errors))
            .execute(arguments.toArray(String[]::new));
    assertThat(code).isEqualTo(2);
    return errors.toString();
  }
}
