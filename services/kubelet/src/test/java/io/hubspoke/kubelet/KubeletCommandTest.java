package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.read.ListAppender;
import io.hubspoke.client.configuration.ConfigurationFile;
import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ScopeType;

class KubeletCommandTest {
  @TempDir private Path dir;
  private final Vertx vertx = Component.vertx();

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  @ParameterizedTest
  @CsvSource({
    "--node-ip=banana, must be an IP address",
    "--address=::banana, must be an IP address",
    "--port=70000, must be between 0 and 65535",
    "--port=x, is not an int",
    "--pod-listen-cidr=banana, must be an IPv4 range",
    "--max-pods=-1, must not be negative",
    "--node-status-update-frequency=1x, is not a duration",
    "--node-status-update-frequency=0s, must be longer than nothing",
    "--node-status-report-frequency=0s, must be longer than nothing",
    "--max-container-restart-period=0s, must be between 1s and 5m",
    "--max-container-restart-period=6m, must be between 1s and 5m",
    "--container-log-max-size=large, must be a quantity of bytes",
    "--container-log-max-size=0, must be a quantity of bytes",
    "--authorization-mode=Foo, must be AlwaysAllow or Webhook",
    "--hostname-override=Foo, must be a lower-case DNS name",
    "--node-labels=a, should be in KEY=VALUE",
    "--container-runtime-endpoint=docker, must be in-process://",
    "--container-runtime-endpoint=unix://containerd.sock, must be in-process://",
    "--tls-cert-file=a.crt, must be given together",
    "--healthz-port=70000, must be between 0 and 65535",
    "--healthz-bind-address=here, must be an IP address",
  })
  void a_flag_that_makes_no_sense_is_named(String flag, String complaint) {
    assertThat(complaint(flag)).contains(flag.substring(0, flag.indexOf('=')), complaint);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "maxPod: 3 | strict decoding error: unknown field \"maxPod\"",
        "authentication: {anonymous: {enabeld: true}} | field \"authentication.anonymous.enabeld\"",
        "authentication: 3 | authentication: must be an object, but is 3",
        "maxPods: many | maxPods: must be a whole number, but is \"many\"",
        "registerNode: 1 | registerNode: must be true or false, but is 1",
        "address: 1 | address: must be a string, but is 1",
        "nodeLeaseDurationSeconds: -1 | nodeLeaseDurationSeconds: must be a whole number",
        "nodeStatusUpdateFrequency: soon | nodeStatusUpdateFrequency: \"soon\" is not a duration",
        "logging: {format: xml} | logging.format: must be text or json, but is \"xml\"",
        "kind: Other | no kind \"Other\" is registered",
      })
  void a_field_of_a_file_that_makes_no_sense_is_named_with_it(String field, String complaint)
      throws Exception {
    Path file = configuration(field);
    assertThat(complaint("--config=" + file)).contains("--config: " + file + ": ", complaint);
  }

  @Test
  void a_flag_counts_more_than_its_field_and_a_file_leaves_nobody_in_unknown() throws Exception {
    Path file =
        configuration("maxPods: 7\nnodeLeaseDurationSeconds: 33\ncgroupDriver: systemd\nport: 0");

    KubeletOptions options = options(file, "--max-pods=9");

    assertThat(options.maxPods()).isEqualTo(9);
    assertThat(options.nodeLeaseDuration()).isEqualTo(Duration.ofSeconds(33));
    assertThat(options.server().anonymousAuth()).isFalse();
    assertThat(options.server().tokenWebhook()).isTrue();
    assertThat(options.server().authorizationMode()).isEqualTo(AuthorizationMode.WEBHOOK);
  }

  @Test
  void what_a_file_of_kubeadm_leaves_open_is_as_without_it_and_files_are_named_from_where_it_is()
      throws Exception {
    Path file =
        configuration(
            """
            authentication:
              webhook: {cacheTTL: 0s, enabled: true}
              x509: {clientCAFile: pki/ca.crt}
            authorization:
              mode: ""
              webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}
            containerRuntimeEndpoint: ""
            crashLoopBackOff: {}
            healthzBindAddress: ""
            healthzPort: 0
            logging: {flushFrequency: 0, verbosity: 0, options: {json: {infoBufferSize: "0"}}}
            maxPods: 0
            nodeLeaseDurationSeconds: 0
            nodeStatusUpdateFrequency: 0s
            port: 0
            staticPodPath: /etc/kubernetes/manifests
            streamingConnectionIdleTimeout: 0s
            syncFrequency: 0s
            tlsCertFile: ""
            tlsPrivateKeyFile: ""
            """);

    KubeletOptions options = options(file);

    KubeletOptions usual =
        options(
            configuration("kind: KubeletConfiguration"),
            "--client-ca-file=" + dir.resolve("pki/ca.crt"),
            "--healthz-port=0",
            "--pod-manifest-path=/etc/kubernetes/manifests");
    assertThat(EffectiveConfiguration.of(options, options.server().port()))
        .isEqualTo(EffectiveConfiguration.of(usual, usual.server().port()));
  }

  @Test
  void fields_that_have_no_flag_of_the_real_kubelet_are_heeded() throws Exception {
    KubeletOptions options =
        options(
            configuration(
                """
                nodeStatusReportFrequency: 1m
                crashLoopBackOff: {maxContainerRestartPeriod: 4s}
                containerLogMaxSize: 3Mi
                """));

    assertThat(options.nodeStatusReportFrequency()).isEqualTo(Duration.ofMinutes(1));
    assertThat(options.crashLoopBackOff()).isEqualTo(Duration.ofSeconds(4));
    assertThat(options.maxCrashLoopBackOff()).isEqualTo(Duration.ofSeconds(4));
    assertThat(options.maxLogSize()).isEqualTo(3 << 20);
  }

  @Test
  void a_field_without_effect_is_told_and_one_that_closes_something_is_heeded() throws Exception {
    Logger log = (Logger) LoggerFactory.getLogger(ConfigurationFile.class);
    ListAppender<ILoggingEvent> told = new ListAppender<>();
    told.start();
    log.addAppender(told);
    try {
      Path file =
          configuration(
              "enableSystemLogHandler: false\ntlsMinVersion: VersionTLS13\nsyncFrequency: 0s");

      assertThat(options(file).server().systemLogHandler()).isFalse();
      assertThat(told.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .containsExactly("--config: " + file + ": without effect here: tlsMinVersion");
    } finally {
      log.detachAppender(told);
    }
  }

  private KubeletOptions options(Path file, String... flags) throws Exception {
    KubeletCommand command = new KubeletCommand();
    CommandLine line = new CommandLine(command);
    line.setOverwrittenOptionsAllowed(true)
        .parseArgs(
            Stream.concat(
                    Stream.of(
                        "--hostname-override=n1", "--node-ip=127.10.102.1", "--root-dir=" + dir),
                    Stream.of(flags))
                .toArray(String[]::new));
    ConfigurationFields.read(file, line.getCommandSpec());
    return command.options();
  }

  private static OptionSpec ofAllCommands(String flag, Class<?> type) {
    return OptionSpec.builder(flag).type(type).scopeType(ScopeType.INHERIT).build();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-v --logging-format=text kubelet", "kubelet -v --logging-format=text"})
  void a_flag_of_logging_counts_more_than_its_field(String arguments) throws Exception {
    Path file = configuration("logging: {format: json, verbosity: 5}");
    CommandSpec all =
        CommandSpec.create()
            .addOption(ofAllCommands("-v", boolean.class))
            .addOption(ofAllCommands("--logging-format", String.class));
    CommandLine line = new CommandLine(all).addSubcommand("kubelet", new KubeletCommand());
    line.parseArgs((arguments + " --hostname-override=n1 --node-ip=::1").split(" "));
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    Level level = root.getLevel();
    Appender<ILoggingEvent> appender = root.iteratorForAppenders().next();
    try {
      ConfigurationFields.read(file, line.getSubcommands().get("kubelet").getCommandSpec());

      assertThat(root.getLevel()).isEqualTo(level);
      assertThat(root.isAttached(appender)).isTrue();
    } finally {
      root.setLevel(level);
    }
  }

  private Path configuration(String fields) throws Exception {
    String known = "apiVersion: kubelet.config.k8s.io/v1beta1\n";
    if (!fields.startsWith("kind")) {
      known += "kind: KubeletConfiguration\n";
    }
    return Files.writeString(dir.resolve("config.yaml"), known + fields + "\n");
  }

  /** Runs the command with one more flag, which it must take for a misuse. */
  private String complaint(String flag) {
    StringWriter err = new StringWriter();
    int status =
        new CommandLine(new KubeletCommand())
            .setOverwrittenOptionsAllowed(true)
            .setErr(new PrintWriter(err, true))
            .execute("--hostname-override=n1", "--node-ip=127.10.102.1", "--root-dir=" + dir, flag);
    assertThat(status).isEqualTo(2);
    return err.toString().lines().findFirst().orElse("");
  }

  @Test
  void a_file_that_cannot_be_used_is_named_with_its_flag() throws Exception {
    Path junk = Files.writeString(dir.resolve("junk"), "junk");
    Path none = dir.resolve("none");

    assertThat(failure(o -> o.clientCaFile(none)))
        .isEqualTo("--client-ca-file: " + none + ": no such file");
    assertThat(failure(o -> o.clientCaFile(junk))).startsWith("--client-ca-file: ");
    assertThat(failure(o -> o.tlsFiles(none, junk)))
        .startsWith("--tls-cert-file, --tls-private-key-file: ");
    assertThat(failure(o -> o.podCidr("banana"))).startsWith("--pod-cidr: ").contains("banana");
    assertThat(failure(o -> o.address("192.0.2.1")))
        .startsWith("--address, --port: cannot listen on 192.0.2.1:0: ");
  }

  @Test
  void credentials_that_cannot_be_used_keep_the_node_out() throws Exception {
    Path junk = Files.writeString(dir.resolve("junk"), "junk");
    Path none = dir.resolve("none");

    assertThat(refusal(o -> o.bootstrapKubeconfig(none)))
        .isEqualTo("--bootstrap-kubeconfig: " + none + ": no such file");
    assertThat(refusal(o -> o.bootstrapKubeconfig(junk))).startsWith("--bootstrap-kubeconfig: ");
    assertThat(refusal(o -> o.kubeconfig(junk))).startsWith("--kubeconfig: ");
    assertThat(refusal(o -> o.kubeconfig(none)))
        .isEqualTo(
            "no --kubeconfig at " + none + ", and no --bootstrap-kubeconfig to get one with");
  }

  private Kubelet kubelet(UnaryOperator<KubeletOptions.Builder> change) {
    return new Kubelet(
        change.apply(KubeletOptions.node("n1", "127.10.102.1", dir).port(0)).build());
  }

  private String failure(UnaryOperator<KubeletOptions.Builder> change) throws Exception {
    return Await.failure(vertx.deployVerticle(kubelet(change))).getMessage();
  }

  private String refusal(UnaryOperator<KubeletOptions.Builder> change) throws Exception {
    Kubelet kubelet = kubelet(change);
    String deployment = Await.result(vertx.deployVerticle(kubelet));
    String message = Await.failure(kubelet.ready()).getMessage();
    Await.result(vertx.undeploy(deployment));
    return message;
  }
}
