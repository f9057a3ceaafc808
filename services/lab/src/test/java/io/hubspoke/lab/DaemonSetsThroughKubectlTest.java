package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Daemon sets as people make, change, break and heal them. */
class DaemonSetsThroughKubectlTest {
  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Kubectl kubectl;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir, 2);
    kubectl = mesh.kubectl();
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  @Test
  void every_node_has_one_pod_which_is_made_anew_on_its_node_when_it_goes() throws Exception {
    apply("healed", "");
    rolledOut("healed");
    var before = pods("healed");
    assertThat(before).containsOnlyKeys("node-1", "node-2");

    kubectl.run("delete", "pod", before.get("node-1"), "--wait=false").ok();

    Await.until(
        "another pod runs on node-1",
        () -> pods("healed").get("node-1"),
        name -> name != null && !name.equals(before.get("node-1")));
    rolledOut("healed");
    assertThat(pods("healed")).containsEntry("node-2", before.get("node-2"));
    assertThat(kubectl.run("describe", "ds", "healed").ok())
        .contains(
            "Desired Number of Nodes Scheduled: 2",
            "Number of Nodes Scheduled with Available Pods: 2",
            "Number of Nodes Misscheduled: 0",
            "Pods Status:  2 Running / 0 Waiting / 0 Succeeded / 0 Failed")
        .containsPattern(
            "Normal +SuccessfulCreate +\\S+ +daemonset-controller +Created pod: healed-");
    delete("healed");
    assertThat(kubectl.run("get", "pods", "-l", "app=healed", "-o", "name").ok()).isEmpty();
  }

  @Test
  void a_pod_that_failed_is_replaced() throws Exception {
    apply("failing", "");
    rolledOut("failing");
    var before = pods("failing").get("node-2");
    // What a kubelet reports of a pod that it has no room for.
    kubectl
        .run(
            "patch",
            "pod",
            before,
            "--subresource=status",
            "--type=merge",
            "-p",
            "{\"status\":{\"phase\":\"Failed\",\"reason\":\"Evicted\"}}")
        .ok();

    Await.until(
        "another pod runs on node-2",
        () -> pods("failing").get("node-2"),
        name -> name != null && !name.equals(before));
    rolledOut("failing");
    assertThat(kubectl.run("describe", "ds", "failing").ok())
        .contains(
            "Found failed daemon pod default/" + before + " on node node-2, will try to kill it");
    delete("failing");
  }

  @Test
  void a_change_is_rolled_out_shown_undone_and_repeated() throws Exception {
    apply("changed", "");
    rolledOut("changed");
    var first = pods("changed");
    kubectl.run("set", "env", "ds/changed", "COLOR=green").ok();
    kubectl.run("annotate", "ds/changed", "kubernetes.io/change-cause=green").ok();
    rolledOut("changed");
    assertThat(env("changed")).isEqualTo("green green");
    assertThat(pods("changed").values()).doesNotContainAnyElementsOf(first.values());
    assertThat(kubectl.run("rollout", "history", "ds/changed").ok()).containsPattern("1 .*\\n2 ");
    assertThat(kubectl.run("rollout", "history", "ds/changed", "--revision=2").ok())
        .containsPattern("COLOR:\\s+green");

    assertThat(kubectl.run("rollout", "undo", "ds/changed").ok())
        .isEqualTo("daemonset.apps/changed rolled back\n");
    rolledOut("changed");
    assertThat(env("changed").strip()).isEmpty();
    // The first one is the newest now.
    assertThat(kubectl.run("rollout", "history", "ds/changed").ok())
        .containsPattern("\\n2 .*\\n3 ")
        .doesNotContainPattern("\\n1 ");
    assertThat(kubectl.run("rollout", "undo", "ds/changed", "--to-revision=3").ok())
        .isEqualTo(
            "daemonset.apps/changed skipped rollback (current template already matches"
                + " revision 3)\n");

    kubectl.run("rollout", "restart", "ds/changed").ok();
    rolledOut("changed");
    assertThat(revisions("changed")).hasSize(3);
    delete("changed");
    Await.until("its revisions are gone", () -> revisions("changed").isEmpty());
  }

  @Test
  void a_broken_change_costs_one_node_and_is_undone() throws Exception {
    apply("broken", "");
    rolledOut("broken");
    kubectl.run("set", "image", "ds/broken", "main=no/such:image").ok();

    Await.until(
        "one pod has no image",
        () -> kubectl.run("get", "pods", "-l", "app=broken", "--no-headers").out(),
        out -> out.contains("ImagePullBackOff") || out.contains("ErrImagePull"));
    assertThat(kubectl.run("rollout", "status", "ds/broken", "--timeout=1s").failed())
        .contains("timed out waiting for the condition");
    assertThat(status("broken")).isEqualTo("2 1 1 1");

    kubectl.run("rollout", "undo", "ds/broken").ok();
    rolledOut("broken");
    assertThat(status("broken")).isEqualTo("2 2 2 ");
    delete("broken");
  }

  @Test
  void a_set_that_is_updated_on_deletion_waits_for_it() throws Exception {
    apply("patient", "updateStrategy: {type: OnDelete}");
    Await.until("two pods", () -> status("patient"), "2 2 2 "::equals);
    var before = pods("patient");
    kubectl.run("set", "env", "ds/patient", "COLOR=green").ok();
    Await.until("it is seen", () -> status("patient"), "2 2  "::equals);
    assertThat(pods("patient")).isEqualTo(before);

    kubectl.run("delete", "pod", before.get("node-1")).ok();
    Await.until("one is new", () -> status("patient"), "2 2 1 "::equals);
    assertThat(pods("patient")).containsEntry("node-2", before.get("node-2"));
    delete("patient");
  }

  @Test
  void a_surging_set_has_the_new_pod_run_before_the_old_one_goes() throws Exception {
    apply(
        "surging",
        "updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}");
    rolledOut("surging");
    kubectl.run("set", "env", "ds/surging", "COLOR=green").ok();
    Await.until(
        "it is rolled out",
        () -> {
          // Not what the set's status says, which counts the old pod of a node while that ends.
          assertThat(nodesWithReady("surging")).containsExactly("node-1", "node-2");
          return kubectl.run("rollout", "status", "ds/surging", "--watch=false").ok();
        },
        shown -> shown.contains("successfully rolled out"));
    assertThat(env("surging")).isEqualTo("green green");
    delete("surging");
  }

  @Test
  void nodes_that_come_go_or_change_their_labels_gain_and_lose_pods() throws Exception {
    apply("picky", "template: {spec: {nodeSelector: {disk: ssd}}}");
    Await.until("no node fits", () -> status("picky"), "0 0  "::equals);

    kubectl.run("label", "node", "node-2", "disk=ssd").ok();
    rolledOut("picky");
    assertThat(pods("picky")).containsOnlyKeys("node-2");

    var token = mesh.mesh().createToken(Instant.now().plus(Duration.ofHours(1)));
    mesh.mesh()
        .addNode("node-3", 3, token, UnaryOperator.identity())
        .toCompletionStage()
        .toCompletableFuture()
        .get();
    Await.until(
        "the new node is there", () -> kubectl.run("get", "node", "node-3").status(), s -> s == 0);
    kubectl.run("label", "node", "node-3", "disk=ssd").ok();
    Await.until("the new node has one", () -> pods("picky"), shown -> shown.containsKey("node-3"));
    rolledOut("picky");

    kubectl.run("label", "node", "node-2", "disk-").ok();
    Await.until(
        "the old node has none", () -> pods("picky").keySet(), List.of("node-3")::containsAll);
    mesh.mesh().removeNode("node-3");
    Await.until("nothing is wanted", () -> status("picky"), "0 0  "::equals);
    kubectl.run("delete", "ds", "picky").ok();
  }

  @Test
  void a_taint_evicts_what_does_not_bear_it_when_its_time_is_over() throws Exception {
    apply("guest", "");
    apply("host", "template: {spec: {tolerations: [{operator: Exists}]}}");
    rolledOut("guest");
    rolledOut("host");
    var host = pods("host").get("node-2");
    bare("brief", "tolerationSeconds: 1");
    bare("lasting", "tolerationSeconds: 3600");

    kubectl.run("taint", "node", "node-2", "own=me:NoExecute").ok();

    kubectl.run("wait", "--for=delete", "pod/brief", "--timeout=30s").ok();
    Await.until("no guest", () -> pods("guest").keySet(), List.of("node-1")::containsAll);
    Await.until(
        "the eviction is told",
        () -> kubectl.run("get", "events", "--field-selector", "involvedObject.name=brief").out(),
        events ->
            events.contains("TaintManagerEviction")
                && events.contains("Marking for deletion Pod default/brief"));
    assertThat(kubectl.run("get", "pod", "lasting", "--no-headers").ok()).contains("Running");
    assertThat(pods("host")).containsEntry("node-2", host);

    kubectl.run("taint", "node", "node-2", "own-").ok();
    rolledOut("guest");
    assertThat(pods("guest")).containsOnlyKeys("node-1", "node-2");
    kubectl.run("delete", "pod", "lasting").ok();
    delete("guest");
    delete("host");
  }

  private static void bare(String name, String toleration) throws Exception {
    kubectl
        .input(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: %s}
            spec:
              nodeName: node-2
              terminationGracePeriodSeconds: 1
              tolerations: [{key: own, operator: Exists, effect: NoExecute, %s}]
              containers: [{name: main, image: hubspoke/pause}]
            """
                .formatted(name, toleration),
            "apply",
            "-f",
            "-")
        .ok();
    kubectl.run("wait", "--for=condition=Ready", "pod/" + name, "--timeout=30s").ok();
  }

  private static void apply(String name, String more) throws Exception {
    kubectl
        .input(
            """
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: %1$s}
            spec:
              selector: {matchLabels: {app: %1$s}}
              template:
                metadata: {labels: {app: %1$s}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: main, image: hubspoke/pause}]
            """
                .formatted(name),
            "apply",
            "-f",
            "-")
        .ok();
    if (!more.isEmpty()) {
      kubectl.run("patch", "ds", name, "-p", "spec: {" + more + "}").ok();
    }
  }

  private static void rolledOut(String set) throws Exception {
    assertThat(kubectl.run("rollout", "status", "ds/" + set, "--timeout=50s").ok())
        .contains("daemon set \"" + set + "\" successfully rolled out");
  }

  private static void delete(String set) throws Exception {
    kubectl.run("delete", "ds", set, "--cascade=foreground").ok();
  }

  /** Returns the names of a set's pods that are not on their way out, by node. */
  private static Map<String, String> pods(String set) throws Exception {
    var byNode = new TreeMap<String, String>();
    kubectl
        .run(
            "get",
            "pods",
            "-l",
            "app=" + set,
            "-o",
            "go-template={{range .items}}{{if not .metadata.deletionTimestamp}}"
                + "{{.spec.nodeName}} {{.metadata.name}}{{\"\\n\"}}{{end}}{{end}}")
        .ok()
        .lines()
        .map(line -> line.split(" ", -1))
        .forEach(pod -> byNode.put(pod[0], pod[1]));
    return byNode;
  }

  /** Returns the nodes that have a pod of a set that is ready, as they are at one moment. */
  private static Set<String> nodesWithReady(String set) throws Exception {
    return kubectl
        .run(
            "get",
            "pods",
            "-l",
            "app=" + set,
            "-o",
            "jsonpath={range .items[?(@.status.containerStatuses[0].ready==true)]}"
                + "{.spec.nodeName}{\"\\n\"}{end}")
        .ok()
        .lines()
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Returns how many nodes want a pod, have one available, have a new one, and have none. */
  private static String status(String set) throws Exception {
    return kubectl
        .run(
            "get",
            "ds",
            set,
            "-o",
            "jsonpath={.status.desiredNumberScheduled} {.status.numberAvailable}"
                + " {.status.updatedNumberScheduled} {.status.numberUnavailable}")
        .out()
        .replaceFirst("^0  ", "0 0 ");
  }

  private static String env(String set) throws Exception {
    return kubectl
        .run(
            "get",
            "pods",
            "-l",
            "app=" + set,
            "-o",
            "jsonpath={.items[*].spec.containers[0].env[0].value}")
        .ok();
  }

  private static List<String> revisions(String set) throws Exception {
    return Arrays.stream(
            kubectl
                .run("get", "controllerrevisions", "-l", "app=" + set, "-o", "name")
                .ok()
                .split("\n", -1))
        .filter(line -> !line.isEmpty())
        .toList();
  }
}
