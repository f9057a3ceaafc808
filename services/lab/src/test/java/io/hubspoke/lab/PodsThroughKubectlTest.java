package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The life of pods, as people see it in kubectl. */
class PodsThroughKubectlTest {
  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Kubectl kubectl;

  @BeforeAll
  static void start() throws Exception {
    mesh =
        TestMesh.start(
            dir, 2, k -> k.crashLoopBackOff(Duration.ofMillis(500), Duration.ofMinutes(5)));
    kubectl = mesh.kubectl();
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  /** Waits until {@code kubectl get pod} prints a line like this one. */
  private static void untilShown(String pod, String pattern) throws Exception {
    Await.until(
        pod + " is shown as " + pattern,
        () -> kubectl.run("get", "pod", pod, "--no-headers").out(),
        line -> line.matches("(?s)" + pod + " +" + pattern + ".*"));
  }

  @Test
  void a_pod_runs_where_the_scheduler_put_it_and_goes_when_it_is_deleted() throws Exception {
    mesh.pod("web", "Always", "hubspoke/echo");
    untilShown("web", "1/1 +Running +0 ");

    assertThat(kubectl.run("get", "pod", "web", "-o", "wide", "--no-headers").ok())
        .containsPattern("127\\.\\d+\\.\\d+\\.\\d+ +node-[12] ");
    assertThat(kubectl.run("describe", "pod", "web").ok())
        .containsPattern("Successfully assigned default/web to node-[12]")
        .containsPattern("Normal +Pulled +\\S+ +kubelet +Container image \"hubspoke/echo\" already")
        .containsPattern("Normal +Created +\\S+ +kubelet +Created container: main")
        .containsPattern("Normal +Started +\\S+ +kubelet +Started container main")
        .containsPattern("Ready: +True");
    assertThat(kubectl.run("delete", "pod", "web").ok()).contains("pod \"web\" deleted");
    assertThat(kubectl.run("get", "pod", "web").failed()).contains("NotFound");
  }

  @Test
  void a_drained_node_loses_its_pods_by_eviction_or_by_deletion() throws Exception {
    for (String how : new String[] {"--disable-eviction=false", "--disable-eviction"}) {
      mesh.pod("drained", "Always", "hubspoke/pause");
      untilShown("drained", "1/1 +Running ");
      String node =
          kubectl.run("get", "pod", "drained", "-o", "jsonpath={.spec.nodeName}").ok().strip();
      var drained =
          kubectl.run(
              "drain",
              node,
              "--ignore-daemonsets",
              "--force",
              "--grace-period=1",
              "--timeout=30s",
              how);
      kubectl.run("uncordon", node).ok();
      assertThat(drained.ok()).as(how).contains("node/" + node + " drained");
      assertThat(drained.out())
          .contains("pod/drained " + (how.endsWith("=false") ? "evicted" : "deleted"));
      assertThat(kubectl.run("get", "pod", "drained").failed()).contains("NotFound");
    }
  }

  @Test
  void a_pod_that_its_disruption_budget_cannot_spare_is_not_evicted() throws Exception {
    mesh.pod("guarded", "Always", "hubspoke/pause");
    kubectl.run("label", "pod", "guarded", "guard=me").ok();
    kubectl.run("create", "pdb", "guard", "--selector=guard=me", "--min-available=1").ok();
    untilBudgetSays("1 1 0");

    assertThat(evict("guarded").failed())
        .contains("Cannot evict pod as it would violate the pod's disruption budget.");

    kubectl
        .run("patch", "pdb", "guard", "--type=merge", "-p", "{\"spec\":{\"minAvailable\":0}}")
        .ok();
    untilBudgetSays("1 0 1");
    evict("guarded").ok();
    kubectl.run("wait", "--for=delete", "pod/guarded", "--timeout=20s").ok();
    untilBudgetSays("0 0 0");
    kubectl.run("delete", "pdb", "guard").ok();
  }

  private static Kubectl.Result evict(String pod) throws Exception {
    return kubectl.input(
        "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\""
            + pod
            + "\",\"namespace\":\"default\"},\"deleteOptions\":{\"gracePeriodSeconds\":1}}",
        "create",
        "--raw",
        "/api/v1/namespaces/default/pods/" + pod + "/eviction",
        "-f",
        "-");
  }

  /** Waits for the pods that are healthy, those that must be, and those that may go. */
  private static void untilBudgetSays(String counts) throws Exception {
    Await.until(
        "the budget says " + counts,
        () ->
            kubectl
                .run(
                    "get",
                    "pdb",
                    "guard",
                    "-o",
                    "jsonpath={.status.currentHealthy} {.status.desiredHealthy}"
                        + " {.status.disruptionsAllowed}")
                .out(),
        counts::equals);
  }

  @Test
  void a_pod_that_ignores_its_signal_is_terminating_until_its_grace_is_over() throws Exception {
    mesh.pod("stubborn", "Always", "hubspoke/ticker", "--ignore-sigterm");
    untilShown("stubborn", "1/1 +Running ");
    long begun = System.nanoTime();
    kubectl.run("delete", "pod", "stubborn", "--grace-period=3", "--wait=false").ok();

    untilShown("stubborn", "\\d/1 +Terminating ");
    kubectl.run("wait", "--for=delete", "pod/stubborn", "--timeout=20s").ok();
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThan(Duration.ofMillis(2500));
  }

  @Test
  void a_container_that_crashes_is_counted_and_backs_off() throws Exception {
    mesh.pod("crash", "Always", "hubspoke/ticker", "--count=0", "--exit-code=3");
    untilShown("crash", "0/1 +CrashLoopBackOff +[2-9] \\(\\S+ ago\\)");

    assertThat(kubectl.run("describe", "pod", "crash").ok())
        .containsPattern("Reason: +CrashLoopBackOff")
        .containsPattern("Exit Code: +3")
        .containsPattern("Warning +BackOff +.*Back-off restarting failed container main in pod");
  }

  @Test
  void an_image_that_is_not_there_is_told() throws Exception {
    mesh.pod("lost", "Always", "example.com/none:1");
    untilShown("lost", "0/1 +(ErrImagePull|ImagePullBackOff) +0 ");

    Await.until(
        "events",
        () -> kubectl.run("describe", "pod", "lost").ok(),
        text ->
            text.contains("Failed to pull image \"example.com/none:1\"")
                && text.contains("Error: ErrImagePull")
                && text.contains("Back-off pulling image \"example.com/none:1\""));
  }

  @Test
  void a_pod_that_has_done_its_work_is_completed_and_one_that_failed_is_in_error()
      throws Exception {
    mesh.pod("done", "Never", "hubspoke/ticker", "--interval=10ms", "--count=2");
    mesh.pod("failed", "Never", "hubspoke/ticker", "--count=0", "--exit-code=1");

    untilShown("done", "0/1 +Completed +0 ");
    untilShown("failed", "0/1 +Error +0 ");
    kubectl
        .run("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/done", "--timeout=10s")
        .ok();
  }

  @Test
  void a_pod_waits_for_its_secret_and_is_ready_where_the_secret_says() throws Exception {
    Path manifest = dir.resolve("needs.yaml");
    Files.writeString(
        manifest,
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: needs}
        spec:
          containers:
          - name: main
            image: hubspoke/echo
            env:
            - name: PORT
              valueFrom: {secretKeyRef: {name: port, key: number}}
            readinessProbe: {httpGet: {port: 18085}, periodSeconds: 1}
        """);
    kubectl.run("apply", "-f", manifest.toString()).ok();
    untilShown("needs", "0/1 +CreateContainerConfigError +0 ");
    assertThat(kubectl.run("describe", "pod", "needs").ok())
        .contains("Error: secret \"port\" not found");

    kubectl.run("create", "secret", "generic", "port", "--from-literal=number=18085").ok();
    untilShown("needs", "1/1 +Running +0 ");
  }

  @Test
  void a_new_image_restarts_the_container() throws Exception {
    mesh.pod("change", "Always", "hubspoke/pause");
    untilShown("change", "1/1 +Running +0 ");
    kubectl.run("set", "image", "pod/change", "main=hubspoke/echo:2").ok();
    untilShown("change", "1/1 +Running +1 ");
    assertThat(kubectl.run("describe", "pod", "change").ok())
        .contains("Container main definition changed, will be restarted")
        .containsPattern("Image: +hubspoke/echo:2");
  }
}
