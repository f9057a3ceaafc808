package io.hubspoke.konnectivity.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.pki.Pem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class KonnectivityAgentCommandTest {
  @TempDir Path folder;
  private Path ca;

  @BeforeEach
  void writeAuthority() throws Exception {
    ca = folder.resolve("ca.crt");
    Pem.writeCertificates(ca, List.of(ForeignServer.CA.certificate()));
  }

  private KonnectivityAgentOptions parse(String... flags) {
    var command = new KonnectivityAgentCommand();
    var all = new ArrayList<>(List.of("--ca-cert=" + ca));
    all.addAll(List.of(flags));
    new CommandLine(command).parseArgs(all.toArray(String[]::new));
    return command.options();
  }

  @Test
  void the_defaults_are_the_real_agents() {
    var options = parse();
    assertThat(options.agentId()).hasSize(36);
    assertThat(options.agentIdentifiers()).isEmpty();
    assertThat(options.server().host()).isEqualTo("127.0.0.1");
    assertThat(options.server().port()).isEqualTo(8091);
    assertThat(options.server().keepaliveTime()).isEqualTo(Duration.ofHours(1));
    assertThat(options.syncing()).isEqualTo(Syncing.DEFAULT);
    assertThat(options.dialling()).isEqualTo(Dialling.DEFAULT);
    assertThat(options.dialling().timeout()).isEqualTo(Duration.ofSeconds(5));
    assertThat(options.health().orElseThrow()).hasToString("0.0.0.0:8093");
    assertThat(options.admin().orElseThrow()).hasToString("127.0.0.1:8094");
  }

  @Test
  void the_flags_of_the_published_daemon_set_are_understood() throws Exception {
    var token = folder.resolve("token");
    Files.writeString(token, "x");
    var options =
        parse(
            "--logtostderr=true",
            "--proxy-server-host=35.225.206.7",
            "--proxy-server-port=8132",
            "--admin-server-port=8133",
            "--health-server-port=8134",
            "--sync-forever",
            "--sync-interval=500ms",
            "--keepalive-time=30s",
            "--agent-identifiers=ipv4=10.0.0.1&host=node-1&default-route=true",
            "--service-account-token-path=" + token);
    assertThat(options.server().host()).isEqualTo("35.225.206.7");
    assertThat(options.server().serviceAccountTokenPath()).isEqualTo(token);
    assertThat(options.syncing().forever()).isTrue();
    assertThat(options.syncing().interval()).isEqualTo(Duration.ofMillis(500));
    assertThat(options.health().orElseThrow().port()).isEqualTo(8134);
    assertThat(options.admin().orElseThrow().port()).isEqualTo(8133);
  }

  @ParameterizedTest
  @CsvSource({
    "--agent-cert=/none, --agent-cert: /none: no such file",
    "--service-account-token-path=/none, --service-account-token-path: /none: no such file",
    "--proxy-server-port=0, '--proxy-server-port must be between 1 and 65535, but is 0'",
    "--health-server-port=0, '--health-server-port must be between 1 and 65535, but is 0'",
    "--admin-server-port=70000, '--admin-server-port must be between 1 and 65535, but is 70000'",
    "--agent-identifiers=uid=1, '--agent-identifiers: \"uid\" is not known, expected ipv4'",
    "--agent-identifiers=host=%zz, '--agent-identifiers: \"%zz\" is not encoded as in URLs'",
    "--sync-interval=20s, --sync-interval must not be longer than --sync-interval-cap",
    "--xfr-channel-size=0, --xfr-channel-size must be greater than 0",
    "--server-count-source=min, '--server-count-source: must be '''', ''default'' or ''max'''",
    "--enable-profiling, --enable-profiling",
    "--logtostderr=false, '--logtostderr=false: --log-file must say where logs go then'",
    "--log-file-max-size=5, --log-file-max-size: only 0 is supported",
    "--kube-api-content-type=application/vnd.kubernetes.protobuf, --kube-api-content-type",
    "--count-server-leases, --kubeconfig: must be given outside of a pod",
    "--allowed-targets=10.0.0.1, --allowed-targets: \"10.0.0.1\" is not a CIDR range",
    "--local-address=here, --local-address",
  })
  void what_cannot_be_done_is_said_with_its_flag(String flag, String complaint) {
    assertThatThrownBy(() -> parse(flag))
        .isInstanceOf(CommandLine.ParameterException.class)
        .hasMessageContaining(complaint);
  }

  @Test
  void servers_are_always_verified() {
    var command = new KonnectivityAgentCommand();
    new CommandLine(command).parseArgs();
    assertThatThrownBy(command::options).hasMessageContaining("--ca-cert must be given");
  }
}
