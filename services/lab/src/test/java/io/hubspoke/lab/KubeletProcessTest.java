package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.KubeProxyMode;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import io.hubspoke.testing.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code hubspoke kubelet} as a process of its own, which joins a mesh by TLS bootstrap. */
class KubeletProcessTest {
  private static final String AUTO_APPROVAL = "kubeadm:node-autoapprove-bootstrap";

  @TempDir private static Path dir;
  private static TestMesh mesh;

  @BeforeAll
  static void start() throws Exception {
    // A second process's kube-proxy would complain of service addresses that the mesh's have.
    mesh =
        TestMesh.start(
            new MeshOptions(dir.resolve("lab"), 1, Posture.VERIFIED, Changes.NONE)
                .with(KubeProxyMode.NONE));
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  /** Starts a kubelet on the n-th node's address with a bootstrap token. */
  private static HubspokeProcess kubelet(String name, int n, BootstrapToken token, String... more)
      throws Exception {
    Path home = Files.createDirectories(dir.resolve(name));
    Path bootstrap = home.resolve("bootstrap.kubeconfig");
    Addresses addresses = mesh.mesh().addresses();
    Kubeconfig.of(
            "mesh",
            Kubeconfig.Cluster.trusting(
                Addresses.url(addresses.nodesUplink()), mesh.mesh().authority()),
            "kubelet-bootstrap",
            Kubeconfig.User.ofToken(token.value()))
        .write(bootstrap);
    List<String> flags = new ArrayList<>(List.of("kubelet"));
    flags.add("--hostname-override=" + name);
    flags.add("--node-ip=" + addresses.nodeAdvertises(n));
    flags.add("--bootstrap-kubeconfig=" + bootstrap);
    flags.add("--kubeconfig=" + home.resolve("kubelet.kubeconfig"));
    flags.add("--root-dir=" + home);
    flags.add("--client-ca-file=" + dir.resolve("lab/pki/ca.crt"));
    flags.add("--anonymous-auth=false");
    flags.add("--authorization-mode=Webhook");
    flags.add("--rotate-server-certificates");
    flags.add("--pod-cidr=" + addresses.podCidr(n));
    flags.addAll(List.of(more));
    return HubspokeProcess.start(home.resolve("stderr"), flags);
  }

  private static BootstrapToken token() throws Exception {
    return mesh.mesh().createToken(Instant.now().plus(Duration.ofHours(1)));
  }

  private static void runPod(String name, String node) throws Exception {
    ObjectNode pod = TestMesh.pod(name, "Always");
    TestMesh.container(pod, "main", "hubspoke/ticker", "--interval=50ms");
    ((ObjectNode) pod.path("spec")).put("nodeName", node);
    mesh.create(pod);
    mesh.untilPhase(name, "Running");
  }

  private static List<String> requests(String node) throws Exception {
    return Await.result(
            mesh.mesh().admin().list(Resource.CERTIFICATE_SIGNING_REQUESTS, ListOptions.ALL))
        .objects()
        .stream()
        .filter(request -> subject(request.getSpec().getRequest()).contains("node:" + node))
        .map(request -> request.getMetadata().getName())
        .sorted()
        .toList();
  }

  private static String subject(String request) {
    return Csr.parse(new String(Base64.getDecoder().decode(request), StandardCharsets.US_ASCII))
        .subject()
        .toString();
  }

  @Test
  void joins_serves_logs_stops_when_told_and_keeps_its_certificates() throws Exception {
    Path client = dir.resolve("own/pki/kubelet-client-current.pem");
    Path serving = dir.resolve("own/pki/kubelet-server-current.pem");
    try (HubspokeProcess kubelet = kubelet("own", 7, token())) {
      runPod("before", "own");
      Await.until("a serving certificate", () -> Files.exists(serving));
      Await.until(
          "a log, the kubelet's certificate verified",
          () -> mesh.kubectl().run("logs", "before").out().startsWith("tick 1\n"));
      assertThat(kubelet.stop("INT")).isZero();
      assertThat(kubelet.complaints()).isEmpty();
    }
    var issued = Pem.readCertificates(serving).getFirst();
    issued.verify(mesh.mesh().authority().getPublicKey());
    assertThat(issued.getSubjectX500Principal().getName()).contains("CN=system:node:own");
    assertThat(issued.getSubjectAlternativeNames())
        .extracting(name -> String.valueOf(name.get(1)))
        .containsExactlyInAnyOrder("own", mesh.mesh().addresses().nodeAdvertises(7));
    var serial = Pem.readCertificates(client).getFirst().getSerialNumber();
    List<String> requests = requests("own");
    assertThat(requests).hasSize(2);

    try (HubspokeProcess again = kubelet("own", 7, token())) {
      runPod("after", "own");
      assertThat(again.stop("TERM")).isZero();
    }
    assertThat(requests("own")).isEqualTo(requests);
    assertThat(Pem.readCertificates(client).getFirst().getSerialNumber()).isEqualTo(serial);
    assertThat(Pem.readCertificates(serving).getFirst()).isEqualTo(issued);
  }

  @Test
  void one_that_is_killed_ends_the_commands_that_it_ran_with_an_error() throws Exception {
    try (HubspokeProcess kubelet = kubelet("mortal", 10, token())) {
      runPod("box", "mortal");
      Process exec = mesh.kubectl().start("exec", "box", "--", "sh", "-c", "echo on; sleep 1000");
      try (var out = exec.inputReader();
          var err = exec.errorReader()) {
        assertThat(out.readLine()).isEqualTo("on");
        kubelet.stop("KILL");
        assertThat(exec.waitFor(30, TimeUnit.SECONDS)).as("it ends").isTrue();
        assertThat(exec.exitValue()).isNotZero();
        assertThat(err.readAllAsString()).isNotBlank();
      } finally {
        exec.destroyForcibly();
      }
    }
  }

  @Test
  void publishes_its_ssh_host_keys_when_it_joins_and_only_then() throws Exception {
    Path hostKey = dir.resolve("host.pub");
    String flag = "--ssh-host-keys=" + hostKey;
    String first = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFirst";
    try (HubspokeProcess kubelet = kubelet("tunnelled", 11, token(), flag)) {
      Await.until(
          "it says what it waits for",
          kubelet::complaints,
          text -> text.contains("not registered yet: --ssh-host-keys: " + hostKey));
      Files.writeString(hostKey, first + " root@tunnelled\n");
      Await.until("the keys in the node", () -> hostKeys("tunnelled"), first::equals);
      kubelet.stop("KILL");
    }

    try (HubspokeProcess again = kubelet("tunnelled", 11, token(), flag)) {
      runPod("tunnelled-again", "tunnelled");
      assertThat(again.complaints()).isEmpty();
      again.stop("KILL");
    }

    Files.writeString(hostKey, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOther root@tunnelled\n");
    try (HubspokeProcess other = kubelet("tunnelled", 11, token(), flag)) {
      String command =
          "kubectl annotate --overwrite node tunnelled \"hubspoke.io/ssh-host-keys=$(cat %s)\""
              .formatted(hostKey);
      Await.until("it says what to do", other::complaints, text -> text.contains(command));
      assertThat(other.complaints()).hasLineCount(1);
      assertThat(hostKeys("tunnelled")).isEqualTo(first);
    }
  }

  private static String hostKeys(String node) throws Exception {
    return mesh.kubectl()
        .run(
            "get",
            "node",
            node,
            "-o",
            "jsonpath={.metadata.annotations.hubspoke\\.io/ssh-host-keys}")
        .out();
  }

  @Test
  void tries_again_until_its_token_is_valid() throws Exception {
    BootstrapToken token = BootstrapToken.create(Instant.now().plus(Duration.ofHours(1)));
    try (HubspokeProcess kubelet = kubelet("early", 8, token)) {
      Await.until(
          "it says why it waits",
          kubelet::complaints,
          text -> text.contains("early: no client certificate yet: Unauthorized"));
      Await.result(mesh.mesh().admin().create(Resource.SECRETS, "kube-system", token.object()));
      runPod("at-last", "early");
    }
  }

  @Test
  void ends_with_one_line_when_its_request_is_denied() throws Exception {
    Kubectl kubectl = mesh.kubectl();
    // Nobody approves by itself any more; other tests' requests would wait, so it is put back.
    kubectl.run("delete", "clusterrolebinding", AUTO_APPROVAL).ok();
    try (HubspokeProcess kubelet = kubelet("unwanted", 9, token())) {
      List<String> pending =
          Await.until("a request", () -> requests("unwanted"), found -> !found.isEmpty());
      kubectl.run("certificate", "deny", pending.getFirst()).ok();

      assertThat(kubelet.ended()).isEqualTo(1);
      assertThat(kubelet.complaints())
          .hasLineCount(1)
          .contains("unwanted: not a node of the cluster: certificate request \"node-csr-")
          .contains("\" was denied: KubectlDeny: This CSR was denied by kubectl certificate deny");
    } finally {
      kubectl
          .run(
              "create",
              "clusterrolebinding",
              AUTO_APPROVAL,
              "--clusterrole=system:certificates.k8s.io:certificatesigningrequests:nodeclient",
              "--group=system:bootstrappers")
          .ok();
    }
  }
}
