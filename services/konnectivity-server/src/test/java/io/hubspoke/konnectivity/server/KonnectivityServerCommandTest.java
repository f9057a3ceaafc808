package io.hubspoke.konnectivity.server;

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

class KonnectivityServerCommandTest {
  @TempDir private Path directory;
  private TestPki pki;
  private Path kubeconfig;

  @BeforeEach
  void write() throws Exception {
    pki = new TestPki(directory);
    kubeconfig = directory.resolve("kubeconfig");
    Files.writeString(
        kubeconfig,
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443", \
        certificate-authority: %s}}]
        users: [{name: u, user: {token: x}}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        current-context: c
        """
            .formatted(pki.files.clientCa()));
    assertThat(Pem.readCertificates(pki.files.clientCa())).hasSize(1);
  }

  private KonnectivityServerOptions parse(String... flags) {
    var all =
        new ArrayList<>(
            List.of(
                "--cluster-cert=" + pki.files.cert(),
                "--cluster-key=" + pki.files.key(),
                "--kubeconfig=" + kubeconfig));
    all.addAll(List.of(flags));
    var command = new KonnectivityServerCommand();
    new CommandLine(command)
        .setOverwrittenOptionsAllowed(true)
        .parseArgs(all.toArray(String[]::new));
    return command.options();
  }

  @Test
  void theFlagsOfThePublishedStaticPodAreUnderstood() {
    var options =
        parse(
            "--logtostderr=true",
            "--log-file-max-size=0",
            "--uds-name=/etc/kubernetes/konnectivity-server/konnectivity-server.socket",
            "--delete-existing-uds-file",
            "--mode=grpc",
            "--server-port=0",
            "--agent-port=8132",
            "--admin-port=8133",
            "--health-port=8134",
            "--keepalive-time=1h",
            "--proxy-strategies=destHost,defaultRoute,default",
            "--agent-namespace=kube-system",
            "--agent-service-account=konnectivity-agent",
            "--authentication-audience=system:konnectivity-server");
    assertThat(options.frontend().address().path()).endsWith("konnectivity-server.socket");
    assertThat(options.frontend().mode()).isEqualTo(FrontendOptions.Mode.GRPC);
    assertThat(options.agents().address()).hasToString("0.0.0.0:8132");
    assertThat(options.agents().tokens().audience()).isEqualTo("system:konnectivity-server");
    assertThat(options.agents().keepaliveTime()).isEqualTo(Duration.ofHours(1));
    assertThat(options.admin().orElseThrow()).hasToString("127.0.0.1:8133");
    assertThat(options.health().orElseThrow()).hasToString("0.0.0.0:8134");
    assertThat(options.strategies())
        .containsExactly(
            ProxyStrategy.DEST_HOST, ProxyStrategy.DEFAULT_ROUTE, ProxyStrategy.DEFAULT);
  }

  @ParameterizedTest
  @CsvSource({
    "--mode=tcp, mode must be set to either 'grpc' or 'http-connect' not \"tcp\"",
    "--server-port=50000, server port should be set to 0 not 50000 for UDS",
    "--agent-port=80, please do not try to use reserved port 80 for the agent port",
    "--proxy-strategies=nearest, --proxy-strategies",
    "--server-count=0, '--server-count must be at least 1, but is 0'",
    "--enable-profiling, --enable-profiling",
    "--kubeconfig-qps=3, --kubeconfig-qps",
    "--kube-api-content-type=application/vnd.kubernetes.protobuf, only application/json",
    "--logtostderr=false, '--logtostderr=false: --log-file must say where logs go then'",
    "--log-file-max-size=1800, --log-file-max-size: only 0 is supported",
    "--agent-namespace=kube-system, --agent-service-account cannot be empty",
    "--cipher-suites=TLS_NULL, cipher suite TLS_NULL not supported",
    "--keepalive-time=0s, --keepalive-time must be longer than nothing",
    "--shutdown-grace-period=-1s, --shutdown-grace-period must not be negative",
    "--cluster-cert=, --cluster-cert",
  })
  void whatCannotBeDoneIsSaidWithItsFlag(String flag, String complaint) {
    assertThatThrownBy(() -> parse("--uds-name=/k.sock", "--server-port=0", flag))
        .isInstanceOf(CommandLine.ParameterException.class)
        .hasMessageContaining(complaint);
  }
}
