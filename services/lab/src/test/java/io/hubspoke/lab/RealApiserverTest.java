package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import io.hubspoke.testing.PeerBinary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The egress selector of a real kube-apiserver with our proxy-server, before our agent and the real
 * one, and a kubelet of ours; where {@code HUBSPOKE_PEERS} names a folder with kube-apiserver, etcd
 * and proxy-agent.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RealApiserverTest {
  private static final String POD =
      """
      apiVersion: v1
      kind: Pod
      metadata: {name: box}
      spec:
        nodeName: node-1
        terminationGracePeriodSeconds: 1
        containers:
        - name: main
          image: hubspoke/host
          command: [sh, -c, "echo here; exec sleep 100000"]
      """;

  @TempDir private Path dir;
  private final List<AutoCloseable> open = new ArrayList<>();
  private AddressClaim claim;
  private String node;
  private int agents;

  @BeforeEach
  void claim() throws Exception {
    claim = Await.until("free addresses", RealApiserverTest::addresses, Objects::nonNull);
    open.add(claim);
    node = claim.addresses().nodeAdvertises(1);
    agents = FreePort.at(RealApiserver.ADDRESS);
  }

  private static AddressClaim addresses() {
    try {
      return AddressClaim.first();
    } catch (IOException taken) {
      return null;
    }
  }

  @AfterEach
  void close() throws Exception {
    for (var one : open.reversed()) {
      one.close();
    }
  }

  private Process ours(String... arguments) throws IOException {
    var process = HubspokeProcess.start(dir.resolve(arguments[0] + ".log"), List.of(arguments));
    open.add(process);
    return process.process();
  }

  /** Starts our server, and returns how the apiserver finds it. */
  private String serve(String mode) throws IOException {
    var socket = dir.resolve("konnectivity.sock");
    int port = mode.equals("grpc") ? 0 : FreePort.at(RealApiserver.ADDRESS);
    var flags =
        new ArrayList<>(
            List.of(
                "proxy-server",
                "--mode=" + mode,
                "--server-port=" + port,
                "--agent-bind-address=" + RealApiserver.ADDRESS,
                "--agent-port=" + agents,
                "--cluster-cert=" + dir.resolve("server.crt"),
                "--cluster-key=" + dir.resolve("server.key"),
                "--cluster-ca-cert=" + dir.resolve("ca.crt"),
                "--health-bind-address=" + RealApiserver.ADDRESS,
                "--health-port=" + FreePort.at(RealApiserver.ADDRESS),
                "--admin-port=" + FreePort.at(RealApiserver.ADDRESS)));
    if (mode.equals("grpc")) {
      flags.add("--uds-name=" + socket);
    } else {
      flags.add("--server-bind-address=" + RealApiserver.ADDRESS);
      flags.add("--server-cert=" + dir.resolve("server.crt"));
      flags.add("--server-key=" + dir.resolve("server.key"));
      flags.add("--server-ca-cert=" + dir.resolve("ca.crt"));
    }
    ours(flags.toArray(String[]::new));
    var connection =
        mode.equals("grpc")
            ? "{proxyProtocol: GRPC, transport: {uds: {udsName: %s}}}".formatted(socket)
            : """
              {proxyProtocol: HTTPConnect, transport: {tcp: {url: "https://%1$s:%2$d", tlsConfig:
              {caBundle: %3$s/ca.crt, clientCert: %3$s/apiserver.crt, clientKey: %3$s/apiserver.key}}}}
              """
                .formatted(RealApiserver.ADDRESS, port, dir);
    return """
    apiVersion: apiserver.k8s.io/v1beta1
    kind: EgressSelectorConfiguration
    egressSelections:
    - {name: cluster, connection: %s}
    """
        .formatted(connection.indent(2).strip());
  }

  private Process agent(boolean real) throws IOException {
    var flags =
        List.of(
            "--proxy-server-host=" + RealApiserver.ADDRESS,
            "--proxy-server-port=" + agents,
            "--ca-cert=" + dir.resolve("ca.crt"),
            "--agent-cert=" + dir.resolve("agent.crt"),
            "--agent-key=" + dir.resolve("agent.key"),
            "--health-server-host=" + RealApiserver.ADDRESS,
            "--health-server-port=" + FreePort.at(RealApiserver.ADDRESS),
            "--admin-server-port=" + FreePort.at(RealApiserver.ADDRESS));
    var command =
        new ArrayList<>(List.of(real ? PeerBinary.of("proxy-agent").toString() : "proxy-agent"));
    command.addAll(flags);
    if (!real) {
      return ours(command.toArray(String[]::new));
    }
    var process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(dir.resolve("real-agent.log").toFile())
            .start();
    open.add(process::destroyForcibly);
    return process;
  }

  private Process kubelet() throws IOException {
    return ours(
        "kubelet",
        "--hostname-override=node-1",
        "--node-ip=" + node,
        "--kubeconfig=" + dir.resolve("node.kubeconfig"),
        "--root-dir=" + dir.resolve("kubelet"),
        "--tls-cert-file=" + dir.resolve("kubelet.crt"),
        "--tls-private-key-file=" + dir.resolve("kubelet.key"),
        "--client-ca-file=" + dir.resolve("ca.crt"),
        "--anonymous-auth=false",
        "--authorization-mode=Webhook",
        "--healthz-port=0",
        "--pod-cidr=" + claim.addresses().podCidr(1),
        "--container-runtime-endpoint=process://");
  }

  @ParameterizedTest
  @CsvSource({
    "grpc, false, 'grpc\",transport=\"uds', No agent available",
    "grpc, true, 'grpc\",transport=\"uds', No agent available",
    "http-connect, false, 'http_connect\",transport=\"tcp', proxy error from 127.0.0.1",
    "http-connect, true, 'http_connect\",transport=\"tcp', proxy error from 127.0.0.1"
  })
  void logs_and_commands_of_pods_go_through_our_server(
      String mode, boolean realAgent, String protocol, String down) throws Exception {
    PeerBinary.of("proxy-agent");
    var apiserver = new RealApiserver(dir, node);
    open.add(apiserver);
    apiserver.start(serve(mode));
    var kubectl = apiserver.kubectl();
    kubectl.input(POD, "create", "-f", "-").ok();
    RealApiserver.await(
        kubelet(),
        () ->
            kubectl
                .run("get", "pod", "box", "--output=jsonpath={.status.phase}")
                .out()
                .equals("Running"));
    // A kubelet that is ended leaves its containers running, as the real one does.
    open.add(() -> kubectl.run("delete", "pod", "box", "--timeout=60s").ok());
    // There is a way directly, which it doesn't take.
    assertThat(kubectl.run("logs", "box").failed()).contains(down);

    var agent = agent(realAgent);

    RealApiserver.await(agent, () -> kubectl.run("logs", "box").out().equals("here\n"));
    var words = "0123456789\n".repeat(100_000);
    var said = kubectl.input(words, "exec", "-i", "box", "--", "sh", "-c", "cat; exit 7");
    assertThat(said.out()).isEqualTo(words);
    assertThat(said.status()).isEqualTo(7);
    assertThat(kubectl.run("get", "--raw", "/metrics").ok())
        .contains(
            "apiserver_egress_dialer_dial_duration_seconds_count{protocol=\"" + protocol + "\"} ");
    var follower = kubectl.start("logs", "--follow", "box");
    open.add(follower::destroyForcibly);
    assertThat(follower.inputReader().readLine()).isEqualTo("here");
    agent.destroyForcibly();
    // What kubectl is told of it is the apiserver's business.
    follower.waitFor();
    assertThat(kubectl.run("logs", "box").failed()).contains(down);
    RealApiserver.await(agent(realAgent), () -> kubectl.run("logs", "box").out().equals("here\n"));
  }
}
