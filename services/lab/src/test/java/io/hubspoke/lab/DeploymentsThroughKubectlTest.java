package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How deployments are rolled out, broken, healed and rolled back, as people see it in kubectl. */
@Timeout(120)
class DeploymentsThroughKubectlTest {
  private static final String DEPLOYMENT =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: %1$s, annotations: {kubernetes.io/change-cause: first}}
      spec:
        replicas: %2$d
        revisionHistoryLimit: 2
        selector: {matchLabels: {app: %1$s}}
        template:
          metadata: {labels: {app: %1$s}}
          spec:
            terminationGracePeriodSeconds: 0
            containers: [{name: main, image: hubspoke/pause}]
      """;

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
  void are_rolled_out_broken_healed_and_rolled_back() throws Exception {
    apply(DEPLOYMENT.formatted("web", 3));
    assertThat(rollout("status", "web")).contains("deployment \"web\" successfully rolled out");
    var first = sets("app=web");
    assertThat(first).hasSize(1);
    assertThat(first.getFirst()).matches("replicaset.apps/web-[bcdfghjklmnpqrstvwxz2456789]+");
    assertThat(kubectl.run("get", "deploy/web", "--no-headers").ok())
        .matches("web +3/3 +3 +3 +\\S+\n");
    assertThat(conditions("web"))
        .contains("Available=MinimumReplicasAvailable", "Progressing=NewReplicaSetAvailable");

    // A good change.
    set("web", "main=hubspoke/echo");
    kubectl.run("annotate", "deploy/web", "--overwrite", "kubernetes.io/change-cause=second").ok();
    assertThat(rollout("status", "web")).contains("successfully rolled out");
    assertThat(images("web")).containsOnly("hubspoke/echo");
    assertThat(sets("app=web")).hasSize(2);
    assertThat(rollout("history", "web")).containsPattern("1 +first").containsPattern("2 +second");
    assertThat(kubectl.run("describe", "deploy/web").ok())
        .containsPattern("ScalingReplicaSet +.*Scaled up replica set web-\\w+ from 0 to 1")
        .containsPattern("ScalingReplicaSet +.*Scaled down replica set web-\\w+ from 1 to 0")
        .containsPattern("OldReplicaSets: +web-\\w+ \\(0/0 replicas created\\)")
        .containsPattern("NewReplicaSet: +web-\\w+ \\(3/3 replicas created\\)");

    // A bad one: the old pods serve on, and what is wrong is told.
    patch("web", "{\"spec\":{\"progressDeadlineSeconds\":2}}");
    set("web", "main=nowhere.example.com/none:1");
    var stuck = kubectl.run("rollout", "status", "deploy/web", "--timeout=30s");
    assertThat(stuck.failed()).contains("deployment \"web\" exceeded its progress deadline");
    assertThat(conditions("web"))
        .contains("Available=MinimumReplicasAvailable", "Progressing=ProgressDeadlineExceeded");
    assertThat(kubectl.run("get", "deploy/web", "--no-headers").ok())
        .matches("web +3/3 +1 +3 +\\S+\n");

    // Back, and further back.
    assertThat(rollout("undo", "web")).contains("rolled back");
    assertThat(rollout("status", "web")).contains("successfully rolled out");
    assertThat(images("web")).containsOnly("hubspoke/echo");
    assertThat(rollout("undo", "web", "--to-revision=1")).contains("rolled back");
    assertThat(rollout("status", "web")).contains("successfully rolled out");
    assertThat(images("web")).containsOnly("hubspoke/pause");
    assertThat(sets("app=web")).contains(first.getFirst());
    assertThat(revision("web")).isEqualTo("5");

    // A pod that is lost, and the end.
    var lost = pods("app=web").getFirst();
    kubectl.run("delete", lost).ok();
    Await.until(
        "it is replaced",
        () -> kubectl.run("get", "deploy/web", "--no-headers").ok(),
        line -> line.matches("web +3/3 +3 +3 +\\S+\n"));
    kubectl.run("delete", "deploy/web").ok();
    Await.until("no pod is left", () -> pods("app=web"), List::isEmpty);
    Await.until("no set is left", () -> sets("app=web"), List::isEmpty);
  }

  @Test
  void keep_no_more_history_than_they_are_told_and_restart() throws Exception {
    apply(DEPLOYMENT.formatted("often", 1));
    for (int time = 0; time < 4; time++) {
      assertThat(rollout("status", "often")).contains("successfully rolled out");
      patch(
          "often",
          "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"time\":\"%d\"}}}}}"
              .formatted(time));
    }
    assertThat(rollout("restart", "often")).contains("restarted");
    assertThat(rollout("status", "often")).contains("successfully rolled out");
    Await.until("history", () -> sets("app=often"), sets -> sets.size() == 3);
    assertThat(revision("often")).isEqualTo("6");
    kubectl.run("delete", "deploy/often").ok();
  }

  @Test
  void rest_while_they_are_paused_but_scale() throws Exception {
    apply(DEPLOYMENT.formatted("still", 2));
    assertThat(rollout("status", "still")).contains("successfully rolled out");
    assertThat(rollout("pause", "still")).contains("paused");
    Await.until("told", () -> conditions("still"), c -> c.contains("Progressing=DeploymentPaused"));
    set("still", "main=hubspoke/echo");
    kubectl.run("scale", "deploy/still", "--replicas=4").ok();
    Await.until(
        "it is scaled",
        () -> kubectl.run("get", "deploy/still", "--no-headers").ok(),
        line -> line.matches("still +4/4 +0 +4 +\\S+\n"));
    assertThat(images("still")).containsOnly("hubspoke/pause");
    assertThat(sets("app=still")).hasSize(1);
    assertThat(rollout("resume", "still")).contains("resumed");
    assertThat(rollout("status", "still")).contains("successfully rolled out");
    assertThat(images("still")).containsOnly("hubspoke/echo");
    kubectl.run("delete", "deploy/still").ok();
  }

  @Test
  void recreate_their_pods_only_when_the_old_ones_have_ended() throws Exception {
    // Old pods take their time, so that one that does not wait for them is seen.
    apply(
        DEPLOYMENT
            .formatted("anew", 2)
            .replace("  selector:", "  strategy: {type: Recreate}\n  selector:")
            .replace("PeriodSeconds: 0", "PeriodSeconds: 2")
            .replace("hubspoke/pause", "hubspoke/ticker, args: [--ignore-sigterm]"));
    assertThat(rollout("status", "anew")).contains("successfully rolled out");
    var old = pods("app=anew");
    patch("anew", "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"a\":\"b\"}}}}}");
    Await.until("the new set", () -> sets("app=anew"), sets -> sets.size() == 2);
    assertThat(
            kubectl
                .run("get", "pods", "--field-selector=status.phase=Running", "-o", "name")
                .ok()
                .lines())
        .doesNotContainAnyElementsOf(old);
    assertThat(rollout("status", "anew")).contains("successfully rolled out");
    kubectl.run("delete", "deploy/anew").ok();
  }

  @Test
  void whose_name_is_taken_find_another() throws Exception {
    apply(DEPLOYMENT.formatted("twin", 0));
    assertThat(rollout("status", "twin")).contains("successfully rolled out");
    var taken = sets("app=twin").getFirst();
    kubectl.run("delete", "deploy/twin", "--cascade=orphan").ok();
    Await.until("an orphan", () -> owners(taken), String::isEmpty);
    kubectl.run("label", taken, "app=foreign", "--overwrite").ok();
    apply(DEPLOYMENT.formatted("twin", 0));
    assertThat(rollout("status", "twin")).contains("successfully rolled out");
    assertThat(kubectl.run("get", "deploy/twin", "-o", "jsonpath={.status.collisionCount}").ok())
        .isEqualTo("1");
    assertThat(sets("app=twin")).hasSize(1).doesNotContain(taken);
    kubectl.run("delete", "deploy/twin", taken).ok();
  }

  private static String rollout(String verb, String name, String... more) throws Exception {
    var words = new java.util.ArrayList<>(List.of("rollout", verb, "deploy/" + name));
    words.addAll(List.of(more));
    if (verb.equals("status")) {
      words.add("--timeout=40s");
    }
    return kubectl.run(words.toArray(String[]::new)).ok();
  }

  private static void set(String name, String image) throws Exception {
    kubectl.run("set", "image", "deploy/" + name, image).ok();
  }

  private static void patch(String name, String patch) throws Exception {
    kubectl.run("patch", "deploy/" + name, "-p", patch).ok();
  }

  private static String revision(String name) throws Exception {
    return kubectl
        .run(
            "get",
            "deploy/" + name,
            "-o",
            "jsonpath={.metadata.annotations['deployment\\.kubernetes\\.io/revision']}")
        .ok();
  }

  private static List<String> conditions(String name) throws Exception {
    return List.of(
        kubectl
            .run(
                "get",
                "deploy/" + name,
                "-o",
                "jsonpath={range .status.conditions[*]}{.type}={.reason} {end}")
            .ok()
            .split(" "));
  }

  private static List<String> images(String name) throws Exception {
    return List.of(
        kubectl
            .run(
                "get",
                "pods",
                "-l",
                "app=" + name,
                "-o",
                "jsonpath={.items[*].spec.containers[0].image}")
            .ok()
            .split(" "));
  }

  private static List<String> sets(String selector) throws Exception {
    return kubectl.run("get", "rs", "-l", selector, "-o", "name").ok().lines().toList();
  }

  private static void apply(String manifest) throws Exception {
    kubectl.input(manifest, "apply", "-f", "-").ok();
  }

  private static List<String> pods(String selector) throws Exception {
    var names = kubectl.run("get", "pods", "-l", selector, "-o", "name").ok();
    return names.lines().toList();
  }

  private static String owners(String pod) throws Exception {
    return kubectl.run("get", pod, "-o", "jsonpath={.metadata.ownerReferences[*].name}").ok();
  }
}
