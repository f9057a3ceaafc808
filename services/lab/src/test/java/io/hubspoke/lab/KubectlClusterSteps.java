package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;

/** What people ask of a cluster and of their own rights. */
record KubectlClusterSteps(KubectlSession kubectl) {
  private static final String TYPO =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: typo}
      spec:
        replica: 2
        selector: {matchLabels: {app: t}}
        template:
          metadata: {labels: {app: t}}
          spec: {containers: [{name: main, image: x, imagePolicy: y}]}
      """;

  /** Says what is wrong with a manifest, as strictly as it is told to. */
  void validates() throws Exception {
    var file = kubectl.home().resolve("typo.yaml");
    Files.writeString(file, TYPO);
    var typo = file.toString();
    if (kubectl.minor() < 25) {
      // Validates itself, by the document of the second version.
      assertThat(kubectl.failed("create", "-f", typo))
          .contains("unknown field \"replica\" in io.k8s.api.apps.v1.DeploymentSpec");
      assertThat(kubectl.ok("create", "-f", typo, "--validate=false", "--dry-run=server"))
          .isEqualTo("deployment.apps/typo created (server dry run)\n");
      return;
    }
    assertThat(kubectl.failed("create", "-f", typo))
        .contains(
            "Error from server (BadRequest): error when creating",
            "Deployment in version \"v1\" cannot be handled as a Deployment",
            "strict decoding error: unknown field \"spec.replica\", unknown field"
                + " \"spec.template.spec.containers[0].imagePolicy\"");
    var warned = kubectl.run("create", "-f", typo, "--validate=warn", "--dry-run=server");
    assertThat(warned.ok()).isEqualTo("deployment.apps/typo created (server dry run)\n");
    assertThat(warned.err())
        .contains("Warning: unknown field \"spec.replica\"")
        .contains("Warning: unknown field \"spec.template.spec.containers[0].imagePolicy\"");
    var ignored = kubectl.run("create", "-f", typo, "--validate=ignore", "--dry-run=server");
    assertThat(ignored.ok()).isEqualTo("deployment.apps/typo created (server dry run)\n");
    assertThat(ignored.err()).isEmpty();
    assertThat(kubectl.ok("create", "-f", typo, "--dry-run=client", "-o", "name"))
        .isEqualTo("deployment.apps/typo\n");
    assertThat(kubectl.failed("get", "deployment", "typo")).contains("NotFound");
  }

  /** Tells what the fields of a kind mean. */
  void explains() throws Exception {
    assertThat(kubectl.ok("explain", "deployment.spec.replicas"))
        .containsPattern("KIND: +Deployment")
        .containsPattern("VERSION: +(apps/)?v1")
        .containsPattern("FIELD: +replicas +<integer>");
    assertThat(kubectl.ok("explain", "pods", "--recursive"))
        .containsPattern("containerPort\\s+<integer>")
        .containsPattern("preferredDuringSchedulingIgnoredDuringExecution\\s+<\\[\\]");
    assertThat(kubectl.failed("explain", "pod.spec.color"))
        .contains("field \"color\" does not exist");
  }

  /** Looks at the cluster itself. */
  void looksAround() throws Exception {
    assertThat(kubectl.failed("top", "nodes")).contains("Metrics API not available");
    assertThat(kubectl.failed("top", "pods")).contains("Metrics API not available");
    assertThat(kubectl.ok("api-versions").lines())
        .contains("apps/v1", "batch/v1", "networking.k8s.io/v1", "storage.k8s.io/v1", "v1")
        .isSorted();
    assertThat(kubectl.ok("api-resources", "--api-group=apps", "-o", "name").lines())
        .containsExactly(
            "controllerrevisions.apps",
            "daemonsets.apps",
            "deployments.apps",
            "replicasets.apps",
            "statefulsets.apps");
    assertThat(kubectl.ok("get", "--raw", "/apis/apps/v1")).contains("\"deployments/scale\"");
    assertThat(kubectl.ok("config", "view", "--minify"))
        .contains("certificate-authority-data: DATA+OMITTED", "current-context:");
    var dump = kubectl.home().resolve("dump");
    kubectl.ok(
        "cluster-info",
        "dump",
        "--namespaces=" + kubectl.namespace(),
        "--output-directory=" + dump);
    assertThat(dump.resolve("nodes.json")).content().contains("\"name\": \"node-1\"");
    assertThat(dump.resolve(Path.of(kubectl.namespace(), "deployments.json"))).isNotEmptyFile();
    // Served, so that components can list and watch them, and empty.
    assertThat(kubectl.run("get", "crd").err()).contains("No resources found");
  }

  /** Puts a node aside, which no kubelet runs. */
  void movesNodes() throws Exception {
    var node = "spare-" + kubectl.version();
    var file = kubectl.home().resolve("node.yaml");
    Files.writeString(
        file,
        """
        apiVersion: v1
        kind: Node
        metadata: {name: %s}
        spec: {taints: [{key: spare, effect: NoSchedule}]}
        status:
          capacity: {cpu: "1", pods: "10"}
          conditions: [{type: Ready, status: "True", reason: KubeletReady}]
        """
            .formatted(node));
    kubectl.ok("create", "-f", file.toString());
    assertThat(kubectl.ok("cordon", node)).isEqualTo("node/" + node + " cordoned\n");
    assertThat(kubectl.ok("get", "node", node, "--no-headers"))
        .containsPattern(" Ready,SchedulingDisabled +<none> ");
    assertThat(kubectl.ok("taint", "node", node, "team=a:NoSchedule")).contains(" tainted");
    assertThat(kubectl.ok("describe", "node", node))
        .contains("team=a:NoSchedule", "Unschedulable:      true");
    assertThat(kubectl.ok("taint", "node", node, "team-")).contains(" untainted");
    assertThat(kubectl.ok("uncordon", node)).isEqualTo("node/" + node + " uncordoned\n");
    assertThat(kubectl.ok("drain", node)).contains("node/" + node + " drained");
    kubectl.ok("delete", "node", node);
  }

  /** Knows who it is and what it may. */
  void knowsItsRights() throws Exception {
    assertThat(kubectl.ok("auth", "can-i", "--list"))
        .containsPattern("Resources +Non-Resource URLs +Resource Names +Verbs")
        .containsPattern("(?m)^\\*\\.\\* +\\[\\] +\\[\\] +\\[\\*\\]");
    var robot = "system:serviceaccount:" + kubectl.namespace() + ":robot";
    assertThat(kubectl.ok("auth", "can-i", "--list", "--as=" + robot))
        .containsPattern("(?m)^pods +\\[\\] +\\[\\] +\\[get list\\]")
        .containsPattern("(?m)^deployments.apps +\\[\\] +\\[\\] +\\[get list\\]")
        .doesNotContain("secrets");
    assertThat(kubectl.run("auth", "can-i", "delete", "pods", "--as=" + robot).out())
        .isEqualTo("no\n");
    if (kubectl.minor() > 27) {
      assertThat(kubectl.ok("auth", "whoami"))
          .containsPattern("Username +kubernetes-admin")
          .containsPattern("Groups +\\[system:masters system:authenticated\\]");
    }
  }
}
