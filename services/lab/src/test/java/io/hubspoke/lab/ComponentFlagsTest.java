package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What components say to flags that make no sense: one line that names the flag. */
class ComponentFlagsTest {
  private static final String SERVING =
      "apiserver --tls-cert-file=/none --tls-private-key-file=/none ";

  private final StringWriter err = new StringWriter();

  private int run(String commandLine) {
    return Hubspoke.commandLine()
        .setErr(new PrintWriter(err, true))
        .execute(commandLine.split(" ", -1));
  }

  @ParameterizedTest
  @CsvSource({
    "--secure-port=99999, --secure-port must be between 0 and 65535",
    "--secure-port=x, '--secure-port'",
    "--kubelet-loopback-ranges=x, --kubelet-loopback-ranges: \"x\" is not a CIDR range",
    "--kubelet-client-key=/none, --kubelet-client-key must be given together",
    "--request-timeout=1x, '--request-timeout'",
    "--audit-log-mode=later, --audit-log-mode: \"later\" is not known",
    "--audit-log-format=legacy, --audit-log-format: \"legacy\" is not supported",
    "--audit-log-maxage=-1, --audit-log-maxage must not be negative",
    "--ssh-user=tunnel, --ssh-user and --ssh-keyfile must be given together",
    "--ssh-keyfile=/none, --ssh-user and --ssh-keyfile must be given together",
    "--ssh-user=tunnel --ssh-keyfile=/none --egress-selector-config-file=/none, exclude each other",
    "--ssh-port=0, --ssh-port must be between 1 and 65535",
  })
  void the_apiserver_names_the_flag(String flag, String complaint) {
    assertThat(run(SERVING + flag)).isEqualTo(2);
    assertThat(err.toString()).contains(complaint).hasLineCount(1);
  }

  @ParameterizedTest
  @CsvSource({
    "scheduler --kubeconfig=/none, --kubeconfig: /none: no such file",
    "kube-scheduler, '--kubeconfig, or --config with clientConnection.kubeconfig, must be given'",
    "controller-manager --kubeconfig=/none, --kubeconfig: /none: no such file",
    "kube-controller-manager --kubeconfig=/none --node-monitor-period=x, '--node-monitor-period'",
    "kube-proxy --kubeconfig=/none, --kubeconfig: /none: no such file",
    "kube-proxy --config=/none, --config: /none: no such file",
    "kube-proxy, --kubeconfig or --config must be given",
    "proxy-agent, --ca-cert must be given",
    "proxy-agent --ca-cert=/none, --ca-cert: /none: no such file",
    "kubelet --node-ip=127.10.0.1, '--hostname-override=<nodeName>'",
    "kubelet --node-ip=x --hostname-override=n, --node-ip must be an IP address",
  })
  void the_others_name_the_flag(String commandLine, String complaint) {
    assertThat(run(commandLine)).isEqualTo(2);
    assertThat(err.toString()).contains(complaint).hasLineCount(1);
  }

  @ParameterizedTest
  @CsvSource({"--node-ip=x", "--node-ip=y"})
  void a_flag_given_twice_counts_as_given_last(String flag) {
    assertThat(run("kubelet --hostname-override=n --node-ip=127.10.0.1 " + flag)).isEqualTo(2);
    assertThat(err.toString()).contains("but is \"" + flag.charAt(flag.length() - 1) + "\"");
  }
}
