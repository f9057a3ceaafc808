package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.testing.Await;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How a newcomer makes a token and adds a node with it, and what he is told when it goes wrong. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class JoinCommandTest {
  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Path admin;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir.resolve("lab"), 1, Posture.VERIFIED, Changes.NONE);
    admin = dir.resolve("lab/admin.kubeconfig");
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  /** What a command printed and how it ended. */
  private record Ran(int status, String out, String err) {
    static Ran command(String... arguments) {
      var out = new StringWriter();
      var err = new StringWriter();
      var status =
          Hubspoke.commandLine()
              .setOut(new PrintWriter(out))
              .setErr(new PrintWriter(err))
              .execute(arguments);
      return new Ran(status, out.toString(), err.toString());
    }

    String ok() {
      assertThat(status).as(err).isZero();
      return out;
    }

    /** Returns the one line that says why it failed. */
    String failed() {
      assertThat(status).isEqualTo(1);
      assertThat(out).isEmpty();
      assertThat(err).startsWith("error: ").hasLineCount(1);
      return err;
    }
  }

  private static Ran token(String... arguments) {
    var all = new ArrayList<>(List.of("token"));
    all.addAll(Arrays.asList(arguments));
    all.addAll(List.of("--kubeconfig", admin.toString()));
    return Ran.command(all.toArray(String[]::new));
  }

  /** Returns the words of the command that {@code token create} prints, but the first. */
  private static List<String> joinCommand(String... arguments) {
    var all = new ArrayList<>(List.of("create", "--print-join-command"));
    all.addAll(Arrays.asList(arguments));
    var line = token(all.toArray(String[]::new)).ok();
    assertThat(line)
        .matches(
            "hubspoke join "
                + mesh.mesh().addresses().nodesUplink()
                + ":6443 --token [a-z0-9]{6}\\.[a-z0-9]{16}"
                + " --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}\n");
    return List.of(line.strip().split(" ")).subList(1, 7);
  }

  private static List<String> with(List<String> command, String... more) {
    var all = new ArrayList<>(command);
    all.addAll(Arrays.asList(more));
    return all;
  }

  @Test
  void tokensAreMadeShownAndDeleted() {
    assertThat(token("generate").ok()).matches("[a-z0-9]{6}\\.[a-z0-9]{16}\n");
    assertThat(
            token("create", "abc123.0123456789abcdef", "--ttl=2h", "--description=for a test").ok())
        .isEqualTo("abc123.0123456789abcdef\n");
    assertThat(token("create", "abc123.0123456789abcdef").failed())
        .contains("a token with id \"abc123\" already exists");
    token(
            "create",
            "abc456.0123456789abcdef",
            "--ttl=0",
            "--usages=signing",
            "--groups=system:bootstrappers:x")
        .ok();
    var list = token("list").ok().lines().map(line -> line.replaceAll(" {2,}", "|")).toList();
    assertThat(list.getFirst()).isEqualTo("TOKEN|TTL|EXPIRES|USAGES|DESCRIPTION|EXTRA GROUPS");
    assertThat(list)
        .anyMatch(
            line ->
                line.matches(
                    "abc123\\.0123456789abcdef\\|1h\\|20[-0-9T:]+Z\\|authentication,signing\\|for a"
                        + " test\\|system:bootstrappers:kubeadm:default-node-token"))
        .contains(
            "abc456.0123456789abcdef|<forever>|<never>|signing|<none>|system:bootstrappers:x");
    assertThat(token("delete", "abc123", "abc456.0123456789abcdef").ok())
        .isEqualTo("bootstrap token \"abc123\" deleted\nbootstrap token \"abc456\" deleted\n");
    assertThat(token("delete", "abc123").failed()).contains("no bootstrap token \"abc123\"");
    assertThat(token("create", "short").status()).isEqualTo(2);
    assertThat(token("create", "--groups=system:masters").err())
        .contains("--groups: \"system:masters\" is not of the form");
  }

  @Test
  void aNodeJoinsIsReachedAndComesBackWithItsCertificate() throws Exception {
    var home = dir.resolve("laptop");
    var command = with(joinCommand(), "--node-name", "laptop", "--dir", home.toString());
    var kubectl = mesh.kubectl();
    String certificate;
    try (var node = HubspokeProcess.start(dir.resolve("laptop.err"), command)) {
      ready("laptop", node);
      var ip =
          kubectl
              .run("get", "node", "laptop", "-o", "jsonpath={.status.addresses[0].address}")
              .ok();
      assertThat(ip).startsWith(mesh.mesh().addresses().nodeRange().replaceAll("0\\.0/16", ""));
      kubectl
          .run(
              "run",
              "guest",
              "--image=hubspoke/ticker",
              "--overrides={\"spec\": {\"nodeName\": \"laptop\"}}")
          .ok();
      mesh.untilPhase("guest", "Running");
      // Its serving certificate is the cluster's, or the apiserver would refuse it here.
      Await.until("its logs", () -> kubectl.run("logs", "guest").status() == 0);
      assertThat(home.resolve("bootstrap-kubelet.kubeconfig")).doesNotExist();
      certificate = Files.readString(home.resolve("pki/kubelet-client-current.pem"));

      // Nobody takes its name while it is there.
      assertThat(join(joinCommand(), "laptop", dir.resolve("second")).failed())
          .contains("a Node with name \"laptop\" and status \"Ready\" already exists");
      assertThat(dir.resolve("second")).doesNotExist();
      assertThat(join(command.subList(0, 6), "laptop", home).failed())
          .contains("--dir " + home + ": another lab or node runs in it");
      assertThat(node.stop("INT")).isZero();
    }
    int requests = requests();
    // The token may be gone by then: nobody asks for one.
    try (var node =
        HubspokeProcess.start(
            dir.resolve("laptop.err"),
            List.of("join", command.get(1), "--node-name", "laptop", "--dir", home.toString()))) {
      ready("laptop", node);
      Await.until("its pod", () -> kubectl.run("logs", "guest").status() == 0);
      assertThat(Files.readString(home.resolve("pki/kubelet-client-current.pem")))
          .isEqualTo(certificate);
      assertThat(requests()).isEqualTo(requests);
      assertThat(node.stop("TERM")).isZero();
    }
    assertThat(join(command.subList(0, 6), "other", home).failed())
        .contains("--dir " + home + ": is node laptop of the cluster at https://");
  }

  @Test
  void anotherAuthorityIsNotBelieved() {
    var command = new ArrayList<>(joinCommand());
    command.set(5, "sha256:" + "0".repeat(64));
    refused(
        command, "cluster CA found in cluster-info ConfigMap is invalid: none of the public keys");
  }

  @Test
  void aTokenThatIsNotTheClustersOrHasExpiredIsRefused() throws Exception {
    var command = new ArrayList<>(joinCommand());
    var expired = mesh.mesh().createToken(Instant.now().minus(Duration.ofMinutes(1)));
    command.set(3, expired.value());
    refused(
        command,
        "The token id \"" + expired.id() + "\" is invalid for this cluster or it has expired");
  }

  @Test
  void aTokenWhoseSecretIsWrongIsRefused() {
    var command = new ArrayList<>(joinCommand());
    command.set(3, command.get(3).substring(0, 7) + "0000000000000000");
    refused(command, "failed to verify JWS signature of received cluster info object");
  }

  @Test
  void aTokenThatMaySignAndNoMoreIsRefused() {
    refused(joinCommand("--usages=signing"), "is invalid for this cluster or it has expired");
  }

  @Test
  void whereNoApiserverIsNobodyJoins() {
    var command = new ArrayList<>(joinCommand());
    command.set(1, "127.0.0.1:1");
    refused(command, "cannot reach an apiserver at https://127.0.0.1:1: ");
    command.set(1, mesh.mesh().addresses().nodesUplink());
    var ran = Ran.command(command.toArray(String[]::new));
    assertThat(ran.status()).isEqualTo(2);
    assertThat(ran.err()).contains("is not an apiserver's address, expected HOST:PORT");
  }

  @Test
  void aRefusalInAProcessOfItsOwnIsOneLine() throws Exception {
    var command = new ArrayList<>(joinCommand());
    command.set(5, "sha256:" + "0".repeat(64));
    var home = dir.resolve("alone");
    try (var node =
        HubspokeProcess.start(
            dir.resolve("alone.err"),
            with(command, "--node-name", "alone", "--dir", home.toString()))) {
      assertThat(node.ended()).isEqualTo(1);
      assertThat(node.complaints()).startsWith("error: cluster CA found").hasLineCount(1);
      assertThat(home).doesNotExist();
    }
  }

  private static void refused(List<String> command, String why) {
    var home = dir.resolve("refused-" + Integer.toHexString(why.hashCode()));
    var failed = join(command, "refused", home).failed();
    assertThat(failed).contains(why);
    // What it says names the token by its public part at most.
    assertThat(failed).doesNotContain(command.get(3));
    assertThat(home).doesNotExist();
  }

  private static Ran join(List<String> command, String name, Path home) {
    return Ran.command(
        with(command, "--node-name", name, "--dir", home.toString()).toArray(String[]::new));
  }

  private static void ready(String name, HubspokeProcess process) throws Exception {
    var kubectl = mesh.kubectl();
    Await.until(
        name + " is ready",
        () -> {
          assertThat(process.process().isAlive()).as(process.complaints()).isTrue();
          return kubectl.run("wait", "--for=condition=Ready", "node/" + name, "--timeout=1s");
        },
        result -> result.status() == 0);
  }

  private static int requests() throws Exception {
    return (int)
        Await.result(
                mesh.mesh().admin().list(Resource.CERTIFICATE_SIGNING_REQUESTS, ListOptions.ALL))
            .objects()
            .stream()
            .filter(
                request ->
                    request
                        .getSpec()
                        .getSignerName()
                        .equals("kubernetes.io/kube-apiserver-client-kubelet"))
            .count();
  }
}
