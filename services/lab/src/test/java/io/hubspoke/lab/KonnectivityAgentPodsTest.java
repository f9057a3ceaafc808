package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.konnectivity.server.AgentListenerOptions;
import io.hubspoke.konnectivity.server.AgentListenerOptions.TokenAuthentication;
import io.hubspoke.konnectivity.server.FrontendOptions;
import io.hubspoke.konnectivity.server.KonnectivityServer;
import io.hubspoke.konnectivity.server.KonnectivityServerOptions;
import io.hubspoke.konnectivity.server.ProxyStrategy;
import io.hubspoke.konnectivity.server.ServingFiles;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.testing.Await;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.vertx.core.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Konnectivity agents that are pods, as overlay konnectivity has them. */
class KonnectivityAgentPodsTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final String LOOPBACK = "127.0.0.1";

  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Kubectl kubectl;
  private static KonnectivityServer server;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir.resolve("mesh"), 1);
    kubectl = mesh.kubectl();
    server = new KonnectivityServer(byToken());
    Await.result(mesh.vertx().deployVerticle(server));
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  private static KonnectivityServerOptions byToken() throws Exception {
    var files = new ServingFiles(dir.resolve("server.crt"), dir.resolve("server.key"), null);
    mesh.mesh()
        .issue(CertificateProfile.server("server", SubjectAltNames.of(List.of(LOOPBACK)), DAY))
        .write(files.cert(), files.key());
    return new KonnectivityServerOptions(
        "server",
        1,
        List.of(ProxyStrategy.DEFAULT),
        FrontendOptions.unix(FrontendOptions.Mode.GRPC, dir.resolve("hub.sock")),
        new AgentListenerOptions(SocketAddress.inetSocketAddress(0, LOOPBACK), files)
            .withTokens(
                new TokenAuthentication("kube-system", "konnectivity-agent", Metadata.AUDIENCE)),
        Optional.of(ClientConfig.read(dir.resolve("mesh").resolve("admin.kubeconfig"))),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Duration.ZERO);
  }

  /** What the overlay has, but for where the server is. */
  private static String manifest() throws Exception {
    return Files.readString(Manifests.ROOT.resolve("overlays/konnectivity/konnectivity-agent.yaml"))
        .replaceAll("(--proxy-server-host=).*", "$1" + LOOPBACK)
        .replaceAll("(--proxy-server-port=).*", "$1" + server.agentPort())
        // Its name is here what an audit's node is called.
        .replace("values: [node-1]", "values: [another]");
  }

  @Test
  void agentsOfTheManifestShowTheTokenOfTheirMountAndAreTaken() throws Exception {
    kubectl.input(manifest(), "apply", "-f", "-").ok();
    Await.until("connected agents", server::connectedAgents, n -> n == 1);
    kubectl.run("delete", "daemonset", "konnectivity-agent", "-n", "kube-system").ok();
    Await.until("connected agents", server::connectedAgents, n -> n == 0);
  }

  @Test
  void whoMayOnlyRunPodsElsewhereIsNoAgent() throws Exception {
    run("default", "elsewhere", "--ca-cert=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
    Await.until(
        "what it says",
        () -> kubectl.run("logs", "elsewhere").ok(),
        said ->
            said.contains(
                "error: namespace \"default\": agents connect from the node's network, from"
                    + " namespace kube-system alone"));
  }

  @Test
  void filesOfTheMachineAreNoneOfTheAgents() throws Exception {
    for (var flag : List.of("--ca-cert=/etc/passwd", "--service-account-token-path=/etc/passwd")) {
      var name = "agent-" + flag.length();
      run("kube-system", name, flag);
      Await.until(
          "what it says",
          () -> kubectl.run("logs", name, "-n", "kube-system").ok(),
          said -> said.contains("error: /etc/passwd: No such file or directory"));
    }
    run("kube-system", "agent-at", "@/etc/passwd");
    Await.until(
        "what it says",
        () -> kubectl.run("logs", "agent-at", "-n", "kube-system").ok(),
        said -> said.contains("error: Unmatched argument at index 0: '@/etc/passwd'"));
    assertThat(server.connectedAgents()).isZero();
  }

  @Test
  void whoTheMachineIsToAnyApiserverNoAgentMaySay() throws Exception {
    for (var flag : List.of("--kubeconfig", "--count-server-leases")) {
      var name = "agent-asks" + flag.length();
      run("kube-system", name, flag + "=true");
      Await.until(
          "what it says",
          () -> kubectl.run("logs", name, "-n", "kube-system").ok(),
          said -> said.contains("error: " + flag + " is not supported in a pod of this node"));
    }
  }

  private static void run(String namespace, String name, String flag) throws Exception {
    kubectl
        .input(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: %s, namespace: %s}
            spec:
              restartPolicy: Never
              containers:
              - {name: agent, image: hubspoke/proxy-agent, args: ["%s"]}
            """
                .formatted(name, namespace, flag),
            "apply",
            "-f",
            "-")
        .ok();
    Await.until(
        name + " has ended",
        () ->
            kubectl.run("get", "pod", name, "-n", namespace, "-o", "jsonpath={.status.phase}").ok(),
        "Failed"::equals);
  }
}
