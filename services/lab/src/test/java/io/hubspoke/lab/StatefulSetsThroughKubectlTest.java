package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stateful sets as people make, change, undo and scale them. */
class StatefulSetsThroughKubectlTest {
  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Kubectl kubectl;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir, 1);
    kubectl = mesh.kubectl();
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  private static void rolledOut() throws Exception {
    kubectl.run("rollout", "status", "sts/web", "--timeout=50s").ok();
  }

  private static String pods(String what) throws Exception {
    return kubectl
        .run(
            "get",
            "pods",
            "-l",
            "app=web",
            "--sort-by=.metadata.creationTimestamp",
            "-o",
            "jsonpath={range .items[*]}{" + what + "} {end}")
        .ok()
        .strip();
  }

  @Test
  void pods_keep_their_names_through_a_rollout_an_undo_a_loss_and_a_change_of_their_number()
      throws Exception {
    kubectl
        .input(
            """
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"},
             "spec": {"replicas": 2, "serviceName": "webs",
              "selector": {"matchLabels": {"app": "web"}},
              "template": {"metadata": {"labels": {"app": "web"}}, "spec": {
               "terminationGracePeriodSeconds": 1,
               "containers": [{"name": "main", "image": "hubspoke/echo"}]}}}}""",
            "create",
            "-f",
            "-")
        .ok();
    rolledOut();
    assertThat(pods(".metadata.name").split(" ", -1)).containsExactlyInAnyOrder("web-0", "web-1");
    assertThat(pods(".spec.hostname").split(" ", -1)).containsExactlyInAnyOrder("web-0", "web-1");
    var first = pods(".metadata.labels.controller-revision-hash");

    kubectl.run("set", "env", "sts/web", "COLOR=green").ok();
    rolledOut();
    assertThat(pods(".spec.containers[0].env[0].value")).isEqualTo("green green");
    assertThat(kubectl.run("rollout", "history", "sts/web").ok()).containsPattern("1 .*\\n2 ");
    assertThat(kubectl.run("rollout", "undo", "sts/web").ok())
        .isEqualTo("statefulset.apps/web rolled back\n");
    rolledOut();
    assertThat(pods(".spec.containers[0].env[0].value")).isEmpty();
    assertThat(pods(".metadata.labels.controller-revision-hash")).isEqualTo(first);

    var lost = kubectl.run("get", "pod", "web-0", "-o", "jsonpath={.metadata.uid}").ok();
    kubectl.run("delete", "pod", "web-0", "--wait=false").ok();
    Await.until(
        "another web-0 runs",
        () -> kubectl.run("get", "pod", "web-0", "-o", "jsonpath={.metadata.uid} {.status.phase}"),
        got -> got.out().endsWith("Running") && !got.out().startsWith(lost));

    kubectl.run("scale", "sts/web", "--replicas=1").ok();
    Await.until("web-1 is gone", () -> pods(".metadata.name"), "web-0"::equals);
    assertThat(kubectl.run("describe", "sts", "web").ok())
        .containsPattern(
            "Normal +SuccessfulCreate .* +statefulset-controller +create Pod web-0 in StatefulSet"
                + " web successful")
        .contains("delete Pod web-1 in StatefulSet web successful");
    kubectl.run("delete", "sts", "web").ok();
    Await.until("all are gone", () -> pods(".metadata.name"), String::isEmpty);
  }
}
