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

/** The life of replica sets and replication controllers, as people see it in kubectl. */
@Timeout(120)
class ReplicaSetsThroughKubectlTest {
  private static final String SET =
      """
      apiVersion: apps/v1
      kind: ReplicaSet
      metadata: {name: %1$s}
      spec:
        replicas: %2$d
        selector: {matchLabels: {app: %1$s}}
        template:
          metadata: {labels: {app: %1$s}, annotations: {note: x}}
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
  void keep_as_many_pods_as_they_ask_for() throws Exception {
    apply(SET.formatted("web", 3));
    untilShown("rs/web", "web +3 +3 +3 +\\S+\n");
    assertThat(
            kubectl.run("get", "pods", "-l", "app=web", "-o", "jsonpath={..ownerReferences}").ok())
        .contains("\"kind\":\"ReplicaSet\"", "\"controller\":true", "\"blockOwnerDeletion\":true");
    assertThat(kubectl.run("describe", "rs", "web").ok())
        .containsPattern("Pods Status: +3 Running / 0 Waiting / 0 Succeeded / 0 Failed")
        .containsPattern(
            "Normal +SuccessfulCreate +\\S+ +replicaset-controller +Created pod: web-");

    kubectl.run("scale", "rs/web", "--replicas=5").ok();
    untilShown("rs/web", "web +5 +5 +5 +\\S+\n");
    kubectl.run("scale", "rs/web", "--replicas=2").ok();
    untilShown("rs/web", "web +2 +2 +2 +\\S+\n");
    Await.until("two are left", () -> pods("app=web"), names -> names.size() == 2);
    assertThat(kubectl.run("describe", "rs", "web").ok())
        .containsPattern(
            "Normal +SuccessfulDelete +\\S+ +replicaset-controller +Deleted pod: web-");

    var lost = pods("app=web").getFirst();
    kubectl.run("delete", lost).ok();
    var healed = Await.until("a new one", () -> pods("app=web"), names -> names.size() == 2);
    assertThat(healed).doesNotContain(lost);
    kubectl.run("delete", "rs", "web").ok();
    Await.until("no pod is left", () -> pods("app=web"), List::isEmpty);
  }

  @Test
  void let_go_of_pods_that_are_relabelled_and_adopt_those_that_fit() throws Exception {
    apply(SET.formatted("owner", 2));
    untilShown("rs/owner", "owner +2 +2 +2 +\\S+\n");
    var freed = pods("app=owner").getFirst();
    kubectl.run("label", freed, "app=free", "--overwrite").ok();
    Await.until("it is replaced", () -> pods("app=owner"), names -> names.size() == 2);
    Await.until("it is let go of", () -> owners(freed), String::isEmpty);

    kubectl.run("delete", "rs", "owner", "--cascade=orphan").ok();
    var orphans = pods("app=owner");
    Await.until("orphans", () -> owners(orphans.getFirst()), String::isEmpty);
    apply(SET.formatted("owner", 2));
    for (var orphan : orphans) {
      Await.until("adopted", () -> owners(orphan), names -> names.equals("owner"));
    }
    assertThat(pods("app=owner")).containsExactlyInAnyOrderElementsOf(orphans);
    kubectl.run("delete", "rs", "owner").ok();
    kubectl.run("delete", freed).ok();
  }

  @Test
  void tell_why_they_cannot_create_pods_until_they_can() throws Exception {
    apply(
        SET.formatted("stuck", 2)
            .replace("    containers", "    serviceAccountName: robot\n      containers"));
    var condition = "jsonpath={.status.conditions[*]['type','reason','message']}";
    Await.until(
        "the condition",
        () -> kubectl.run("get", "rs", "stuck", "-o", condition).ok(),
        shown ->
            shown.startsWith("ReplicaFailure FailedCreate pods \"stuck-")
                && shown.endsWith("serviceaccount \"robot\" not found"));
    assertThat(kubectl.run("describe", "rs", "stuck").ok())
        .containsPattern("Warning +FailedCreate +.* +replicaset-controller +Error creating: pods");
    kubectl.run("create", "serviceaccount", "robot").ok();
    untilShown("rs/stuck", "stuck +2 +2 +2 +\\S+\n");
    Await.until(
        "no condition",
        () -> kubectl.run("get", "rs", "stuck", "-o", condition).ok(),
        String::isEmpty);
    kubectl.run("delete", "rs", "stuck").ok();
  }

  @Test
  void of_a_hundred_pods_are_complete_in_seconds() throws Exception {
    // No node takes them: what is measured is not how fast containers start.
    var nowhere = "    nodeSelector: {no: node}\n      containers";
    apply(SET.formatted("many", 100).replace("    containers", nowhere));
    untilShown("rs/many", "many +100 +100 +0 +\\S+\n");
    assertThat(pods("app=many")).hasSize(100);
    kubectl.run("scale", "rs/many", "--replicas=10").ok();
    untilShown("rs/many", "many +10 +10 +0 +\\S+\n");
    assertThat(pods("app=many")).hasSize(10);
    kubectl.run("delete", "rs", "many").ok();
  }

  @Test
  void have_predecessors_that_work_alike() throws Exception {
    apply(
        SET.formatted("old", 2)
            .replace("apps/v1", "v1")
            .replace("ReplicaSet", "ReplicationController")
            .replace("{matchLabels: {app: old}}", "{app: old}"));
    untilShown("rc/old", "old +2 +2 +2 +\\S+\n");
    kubectl.run("scale", "rc/old", "--replicas=1").ok();
    untilShown("rc/old", "old +1 +1 +1 +\\S+\n");
    assertThat(kubectl.run("describe", "rc", "old").ok())
        .containsPattern("SuccessfulDelete +\\S+ +replication-controller +Deleted pod: old-");
    kubectl.run("delete", "rc", "old").ok();
  }

  private static void apply(String manifest) throws Exception {
    kubectl.input(manifest, "apply", "-f", "-").ok();
  }

  private static void untilShown(String object, String pattern) throws Exception {
    Await.until(
        object + " is shown as " + pattern,
        () -> kubectl.run("get", object, "--no-headers").out(),
        line -> line.matches(pattern));
  }

  private static List<String> pods(String selector) throws Exception {
    var names = kubectl.run("get", "pods", "-l", selector, "-o", "name").ok();
    return names.lines().toList();
  }

  private static String owners(String pod) throws Exception {
    return kubectl.run("get", pod, "-o", "jsonpath={.metadata.ownerReferences[*].name}").ok();
  }
}
