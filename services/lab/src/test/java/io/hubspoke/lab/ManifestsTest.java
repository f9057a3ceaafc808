package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.hubspoke.api.AddressRange;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Manifests.PodTemplate;
import io.hubspoke.testing.Await;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The manifests that run hubspoke in another cluster, held against our own apiserver. */
class ManifestsTest {
  private static final String CONTROL_PLANE = "hubspoke-control-plane";
  private static final String NODES = "hubspoke-nodes";
  private static final String ENDPOINT =
      "--control-plane-endpoint=apiserver.hubspoke-control-plane.svc";

  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Kubectl kubectl;
  private static final Map<String, Manifests> built = new HashMap<>();

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir.resolve("lab"), 0);
    kubectl = mesh.kubectl();
    for (var name : directories()) {
      built.put(name, Manifests.build(kubectl, name));
    }
    kubectl.run("create", "-f", Manifests.ROOT.resolve("base/namespaces.yaml").toString()).ok();
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  /** Everything that is applied: each overlay, and the audits. */
  static List<String> directories() throws Exception {
    var directories = new ArrayList<>(List.of("audit", "demo"));
    try (var overlays = Files.list(Manifests.ROOT.resolve("overlays"))) {
      overlays.forEach(overlay -> directories.add("overlays/" + overlay.getFileName()));
    }
    return directories;
  }

  @ParameterizedTest
  @MethodSource("directories")
  void ourApiserverTakesThem(String name) throws Exception {
    var directory = Manifests.ROOT.resolve(name).toString();
    var said = kubectl.run("apply", "--dry-run=server", "--validate=strict", "-k", directory).ok();
    assertThat(said.lines()).hasSize(built.get(name).objects().size());
    assertThat(said.lines()).allMatch(line -> line.endsWith("(server dry run)"));
    assertThat(kubectl.run("get", "statefulsets,networkpolicies", "-A", "-o", "name").ok())
        .isEmpty();
  }

  /** Pod security standard "restricted", and more. */
  @ParameterizedTest
  @MethodSource("directories")
  void noContainerHasMoreThanItNeeds(String name) {
    assertThat(built.get(name).podTemplates()).isNotEmpty();
    for (var pod : built.get(name).podTemplates()) {
      hasNoMoreThanItNeeds(pod);
      if (!pod.name().startsWith("Job/")) {
        pod.spec()
            .path("containers")
            .forEach(c -> assertThat(c.has("livenessProbe")).as(pod.name()).isTrue());
        assertThat(pod.spec().path("automountServiceAccountToken").asBoolean(true)).isFalse();
      }
    }
  }

  @Test
  void norHaveNodesThatAnAuditMakes() throws Exception {
    kubectl.run("run", "audit", "-n", NODES, "--image=hubspoke:dev").ok();
    var uid =
        kubectl.run("get", "pod", "audit", "-n", NODES, "-o", "jsonpath={.metadata.uid}").ok();
    var pods =
        new NodePods(
            mesh.mesh().admin(),
            NODES,
            "hubspoke:dev",
            dir,
            Map.entry("audit", uid.strip()),
            Map.of());
    pods.create("made", 1, List.of(List.of("kubelet"), List.of("sshd"), List.of("proxy-agent")));
    var made = new PodTemplate("Pod/made", NODES, pods.get("made").path("spec"));
    assertThat(made.containers()).hasSize(3);
    hasNoMoreThanItNeeds(made);
  }

  private static void hasNoMoreThanItNeeds(PodTemplate pod) {
    var context = pod.spec().path("securityContext");
    assertThat(context.path("runAsNonRoot").asBoolean()).as(pod.name()).isTrue();
    assertThat(context.at("/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
    for (var shared : List.of("hostNetwork", "hostPID", "hostIPC")) {
      assertThat(pod.spec().path(shared).asBoolean()).as(pod.name()).isFalse();
    }
    pod.spec()
        .path("volumes")
        .forEach(volume -> assertThat(volume.has("hostPath")).as(pod.name()).isFalse());
    for (var container : pod.containers()) {
      var as = pod.name() + " " + container.path("name").asText();
      var own = container.path("securityContext");
      assertThat(own.path("allowPrivilegeEscalation").asBoolean(true)).as(as).isFalse();
      assertThat(own.path("readOnlyRootFilesystem").asBoolean()).as(as).isTrue();
      assertThat(own.at("/capabilities/drop/0").asText()).as(as).isEqualTo("ALL");
      assertThat(own.at("/capabilities").has("add")).as(as).isFalse();
      assertThat(container.at("/resources/requests")).as(as).hasSize(2);
      assertThat(container.at("/resources/limits").has("memory")).as(as).isTrue();
      // What "make image" makes, and nothing that would have to be pulled.
      assertThat(container.path("image").asText()).as(as).isEqualTo("hubspoke:dev");
      assertThat(container.path("imagePullPolicy").asText()).as(as).isEqualTo("IfNotPresent");
    }
  }

  @ParameterizedTest
  @MethodSource("directories")
  void theirCommandLinesAreUnderstood(String name) {
    for (var pod : built.get(name).podTemplates()) {
      for (var container : pod.containers()) {
        var arguments = arguments(container).toArray(String[]::new);
        Hubspoke.commandLine().parseArgs(arguments);
      }
    }
  }

  @Test
  void nodesMayClaimPrivateAddressesAndNoOthers() throws Exception {
    var flag = "--hubspoke-kubelet-serving-cidrs=";
    var ranges =
        built.get("overlays/verified").podTemplates().stream()
            .flatMap(pod -> pod.containers().stream())
            .flatMap(container -> arguments(container).stream())
            .filter(argument -> argument.startsWith(flag))
            .flatMap(argument -> Stream.of(argument.substring(flag.length()).split(",", -1)))
            .map(AddressRange::parse)
            .toList();
    assertThat(
            Stream.of(
                    "10.244.1.7",
                    "172.17.0.2",
                    "192.168.9.9",
                    "127.0.0.1",
                    "169.254.169.254",
                    "8.8.8.8")
                .filter(ip -> ranges.stream().anyMatch(r -> r.contains(InetAddress.ofLiteral(ip)))))
        .containsExactly("10.244.1.7", "172.17.0.2", "192.168.9.9");
  }

  private static List<String> arguments(JsonNode container) {
    var arguments = new ArrayList<String>();
    container.path("args").forEach(argument -> arguments.add(argument.asText()));
    return arguments;
  }

  /**
   * Where the pods of a rule live must be where the rule says: a policy for nobody cuts nothing.
   */
  @ParameterizedTest
  @MethodSource("directories")
  void policiesAndServicesChooseSomething(String name) {
    var labels = new HashMap<String, Set<String>>();
    for (var object : built.get(name).objects()) {
      if (object.at("/spec/template/spec").has("containers")) {
        labels
            .computeIfAbsent(Meta.namespace((ObjectNode) object), n -> new TreeSet<>())
            .add(object.at("/spec/template/metadata/labels/app.kubernetes.io~1name").asText());
      }
    }
    for (var object : built.get(name).objects()) {
      var kind = object.path("kind").asText();
      var selector =
          kind.equals("NetworkPolicy")
              ? object.at("/spec/podSelector/matchLabels")
              : kind.equals("Service")
                  ? object.at("/spec/selector")
                  : kind.equals("PodDisruptionBudget")
                      ? object.at("/spec/selector/matchLabels")
                      : object.path("none");
      // The audit makes the pods of its nodes itself.
      if (!selector.isEmpty() && !selector.has("hubspoke.io/audit-node")) {
        assertThat(labels.get(Meta.namespace((ObjectNode) object)))
            .as(kind + " " + Meta.name((ObjectNode) object))
            .contains(selector.path("app.kubernetes.io/name").asText());
      }
    }
  }

  @Test
  void underTheTunnelsNothingLetsTheControlPlaneReachKubelets() {
    assertThat(portsToNodes("overlays/direct")).containsExactly("any");
    assertThat(portsToNodes("overlays/ssh")).containsExactly("2222");
    assertThat(portsToNodes("overlays/konnectivity")).isEmpty();
  }

  /** On which ports a policy of the nodes lets the control plane in. */
  private static Set<String> portsToNodes(String name) {
    var ports = new TreeSet<String>();
    for (var object : built.get(name).objects()) {
      if (!object.path("kind").asText().equals("NetworkPolicy")
          || !object.at("/metadata/namespace").asText().equals(NODES)) {
        continue;
      }
      for (var rule : object.at("/spec/ingress")) {
        for (var from : rule.path("from")) {
          var network = from.at("/namespaceSelector/matchLabels/hubspoke.io~1network").asText();
          if (network.equals("control-plane")) {
            rule.path("ports").forEach(port -> ports.add(port.path("port").asText()));
            if (!rule.has("ports")) {
              ports.add("any");
            }
          }
        }
      }
    }
    return ports;
  }

  /** Whoever may make pods in some namespace may give them the label for which these are open. */
  @ParameterizedTest
  @MethodSource("directories")
  void fromOtherNamespacesNothingButMetricsIsReached(String name) throws Exception {
    var scraped =
        Pattern.compile("regex: [a-z-]+;([a-z-]+)")
            .matcher(Files.readString(Manifests.ROOT.resolve("monitoring/prometheus.yml")))
            .results()
            .map(found -> found.group(1))
            .toList();
    assertThat(scraped).isNotEmpty();
    for (var object : built.get(name).objects()) {
      for (var rule : object.at("/spec/ingress")) {
        for (var from : rule.path("from")) {
          if (from.has("namespaceSelector") && from.path("namespaceSelector").isEmpty()) {
            assertThat(rule.path("ports"))
                .as(Meta.namespace((ObjectNode) object))
                .isNotEmpty()
                .allMatch(port -> scraped.contains(port.path("port").asText()));
          }
        }
      }
    }
  }

  @Test
  void theJobMakesWhatAllPodsMountWithTheRightsThatItHas() throws Exception {
    createAccounts("overlays/direct");
    var job = as("certs", CONTROL_PLANE);
    try {
      publish(job);
      var first = secret("authorities", CONTROL_PLANE);
      var serving = secret("apiserver", CONTROL_PLANE).at("/data/apiserver.crt");
      publish(job);
      assertThat(secret("authorities", CONTROL_PLANE)).isEqualTo(first);
      assertThat(secret("apiserver", CONTROL_PLANE).at("/data/apiserver.crt"))
          .isNotEqualTo(serving);

      kubectl.run("create", "secret", "generic", "foreign", "-n", NODES).ok();
      assertThatThrownBy(() -> Await.result(job.get(Resource.SECRETS.tree(), NODES, "foreign")))
          .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(403));
    } finally {
      Await.result(job.close());
    }
    for (var name : directories()) {
      for (var pod : built.get(name).podTemplates()) {
        for (var container : pod.containers()) {
          mountsWhatItNames(pod, container);
        }
      }
    }
  }

  @Test
  void theAuditGivesDeploymentsBackWhatTheyHadWithTheRightsThatItHas() throws Exception {
    createAccounts("audit");
    var host = "apiserver." + CONTROL_PLANE + ".svc";
    var own = Json.object().arrayNode();
    own.addObject().put("ip", "192.0.2.9").putArray("hostnames").add("elsewhere");
    for (var object : built.get("overlays/direct").objects()) {
      if (object.path("kind").asText().equals("Deployment")) {
        ObjectNode deployment = object.deepCopy();
        deployment.withObject("/spec").put("replicas", 0);
        if (Meta.name(deployment).equals("scheduler")) {
          deployment.withObject("/spec/template/spec").set("hostAliases", own);
        }
        kubectl.input(deployment.toString(), "create", "-f", "-").ok();
      }
    }
    var job = as("audit", NODES);
    try {
      var killed = new Diversion(job, CONTROL_PLANE);
      killed.divert("scheduler", host, "192.0.2.1");
      killed.divert("controller-manager", host, "192.0.2.2");
      assertThat(aliases("scheduler").toString()).contains("192.0.2.1", host, "elsewhere");

      var next = new Diversion(job, CONTROL_PLANE);
      next.divert("scheduler", host, "192.0.2.3");
      next.divert("controller-manager", host, "192.0.2.4");
      assertThat(aliases("scheduler").toString())
          .contains("192.0.2.3", "elsewhere")
          .doesNotContain("192.0.2.1");
      for (var name : next.names()) {
        Await.until(name + " is rolled out", () -> next.rolledOut(name), Optional::isPresent);
      }
      Thread.currentThread().interrupt();
      next.restore();
      assertThat(aliases("scheduler")).isEqualTo(own);
      assertThat(aliases("controller-manager")).isEmpty();
      next.restore();
      assertThat(aliases("scheduler")).isEqualTo(own);
    } finally {
      Await.result(job.close());
    }
  }

  /** The {@code hostAliases} of a Deployment; nothing when it has none. */
  private static JsonNode aliases(String name) throws Exception {
    var resource = Resource.namespaced("apps", "v1", "deployments", Deployment.class).tree();
    var deployment = Await.result(mesh.mesh().admin().get(resource, CONTROL_PLANE, name));
    return deployment.at("/spec/template/spec/hostAliases");
  }

  private static void createAccounts(String directory) throws Exception {
    for (var object : built.get(directory).objects()) {
      if (Set.of("ServiceAccount", "Role", "RoleBinding").contains(object.path("kind").asText())) {
        kubectl.input(object.toString(), "create", "-f", "-").ok();
      }
    }
  }

  /** Returns a client of the mesh with the rights of a service account. */
  private static ApiClient as(String account, String namespace) throws Exception {
    var token = kubectl.run("create", "token", account, "-n", namespace).ok().strip();
    return new ApiClient(
        mesh.vertx(),
        ClientConfig.of(
            mesh.mesh().addresses().apiserverUrl(),
            List.of(mesh.mesh().authority()),
            new Credentials.Token(token)));
  }

  private static void publish(ApiClient job) throws Exception {
    var files = dir.resolve("pki");
    var certs = new CertsCommand();
    new picocli.CommandLine(certs).parseArgs(ENDPOINT);
    new ClusterSecrets(job, files, CONTROL_PLANE, NODES, line -> {})
        .publish(() -> DeploymentFiles.write(files, certs.endpoints()));
  }

  private static JsonNode secret(String name, String namespace) throws Exception {
    return Await.result(mesh.mesh().admin().get(Resource.SECRETS.tree(), namespace, name));
  }

  /** A file that a flag names below a Secret's mount is in that Secret. */
  private static void mountsWhatItNames(PodTemplate pod, JsonNode container) throws Exception {
    for (var mount : pod.secretMounts(container).entrySet()) {
      var data = secret(mount.getValue(), pod.namespace()).path("data");
      for (var argument : arguments(container)) {
        var at = argument.indexOf("=" + mount.getKey() + "/");
        var file = at < 0 ? "" : argument.substring(at + mount.getKey().length() + 2);
        if (!file.isEmpty() && !file.contains("/")) {
          assertThat(data.has(file)).as("%s: %s", pod.name(), argument).isTrue();
        }
      }
    }
  }
}
