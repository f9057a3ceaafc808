package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How jobs run, fail, rest and end, as people see it in kubectl. */
@Timeout(120)
class JobsThroughKubectlTest {
  private static final String DONE = "hubspoke/ticker, args: [--count=1, --interval=10ms]";
  private static final String BROKEN =
      "hubspoke/ticker, args: [--count=1, --interval=10ms, --exit-code=3]";
  private static final String ENDLESS = "hubspoke/pause";

  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Kubectl kubectl;

  @BeforeAll
  static void start() throws Exception {
    mesh =
        TestMesh.start(
            dir, 2, k -> k.crashLoopBackOff(Duration.ofMillis(100), Duration.ofSeconds(1)));
    kubectl = mesh.kubectl();
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  @Test
  void run_until_enough_pods_have_succeeded_and_count_each_once() throws Exception {
    job("sums", "completions: 3, parallelism: 2", DONE);
    waitFor("sums", "complete");
    assertThat(get("sums", "{.status.succeeded} {.status.failed} {.status.active}"))
        .isEqualTo("3  ");
    assertThat(get("sums", "{.status.conditions[*]['type','reason']}"))
        .contains("SuccessCriteriaMet", "Complete", "CompletionsReached");
    assertThat(kubectl.run("get", "job", "sums", "--no-headers").ok())
        .matches("sums +Complete +3/3 +\\S+ +\\S+\n");
    assertThat(pods("sums")).hasSize(3);
    assertThat(
            kubectl.run("get", "pods", "-l", "job-name=sums", "-o", "jsonpath={..finalizers}").ok())
        .isEmpty();
    assertThat(kubectl.run("describe", "job", "sums").ok())
        .containsPattern("Normal +SuccessfulCreate +\\S+ +job-controller +Created pod: sums-")
        .containsPattern("Normal +Completed +\\S+ +job-controller +Job completed");
    kubectl.run("delete", "job", "sums").ok();
    Await.until("its pods go with it", () -> pods("sums"), List::isEmpty);
  }

  @Test
  void fail_when_pods_fail_too_often() throws Exception {
    job("broken", "backoffLimit: 0", BROKEN);
    waitFor("broken", "failed");
    assertThat(get("broken", "{.status.failed} {.status.conditions[?(@.type=='Failed')].message}"))
        .isEqualTo("1 Job has reached the specified backoff limit");
    assertThat(kubectl.run("describe", "job", "broken").ok())
        .containsPattern("Warning +BackoffLimitExceeded +\\S+ +job-controller");

    job("restarted", "backoffLimit: 1", BROKEN, "OnFailure");
    waitFor("restarted", "failed");
    assertThat(get("restarted", "{.status.conditions[?(@.type=='Failed')].reason}"))
        .isEqualTo("BackoffLimitExceeded");
    Await.until("its pod is gone", () -> pods("restarted"), List::isEmpty);

    var policy =
        "podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [3]}}]}";
    job("policy", "backoffLimit: 6, " + policy, BROKEN);
    waitFor("policy", "failed");
    assertThat(get("policy", "{.status.conditions[?(@.type=='Failed')].message}"))
        .matches(
            "Container main for pod default/policy-\\w+ failed with exit code 3 matching FailJob rule at index 0");
    kubectl.run("delete", "job", "broken", "restarted", "policy").ok();
  }

  @Test
  void replace_pods_that_are_lost_after_a_while() throws Exception {
    job("healed", "backoffLimit: 2", ENDLESS);
    var lost = Await.until("a pod", () -> pods("healed"), names -> names.size() == 1).getFirst();
    kubectl.run("delete", lost, "--grace-period=1").ok();
    Await.until("it counts", () -> get("healed", "{.status.failed}"), "1"::equals);
    Await.until(
        "another one", () -> pods("healed"), names -> names.size() == 1 && !names.contains(lost));
    kubectl.run("delete", "job", "healed").ok();
    Await.until("nothing is left", () -> pods("healed"), List::isEmpty);
  }

  @Test
  void give_each_pod_an_index() throws Exception {
    job(
        "indexed",
        "completionMode: Indexed, completions: 4, parallelism: 4",
        "hubspoke/shell, command: [sh, -c, 'echo index $JOB_COMPLETION_INDEX']");
    waitFor("indexed", "complete");
    assertThat(get("indexed", "{.status.completedIndexes} {.status.succeeded}")).isEqualTo("0-3 4");
    assertThat(
            kubectl
                .run("logs", "-l", "batch.kubernetes.io/job-completion-index=2,job-name=indexed")
                .ok())
        .isEqualTo("index 2\n");
    assertThat(
            kubectl
                .run("get", "pods", "-l", "job-name=indexed", "-o", "jsonpath={..hostname}")
                .ok())
        .contains("indexed-0", "indexed-3");
    kubectl.run("delete", "job", "indexed").ok();
  }

  @Test
  void end_at_their_deadline_and_go_when_nobody_wants_them_any_more() throws Exception {
    job("late", "activeDeadlineSeconds: 1, ttlSecondsAfterFinished: 1000", ENDLESS);
    waitFor("late", "failed");
    assertThat(get("late", "{.status.conditions[?(@.type=='Failed')].reason}"))
        .isEqualTo("DeadlineExceeded");
    Await.until("its pod is gone", () -> pods("late"), List::isEmpty);
    kubectl.run("patch", "job", "late", "-p", "{\"spec\":{\"ttlSecondsAfterFinished\":0}}").ok();
    Await.until(
        "the job is gone",
        () -> kubectl.run("get", "job", "late", "--ignore-not-found").ok(),
        String::isEmpty);
  }

  @Test
  void rest_while_they_are_suspended() throws Exception {
    job("resting", "suspend: true", ENDLESS);
    waitFor("resting", "suspended");
    assertThat(pods("resting")).isEmpty();
    suspend(false);
    Await.until("a pod runs", () -> get("resting", "{.status.ready}"), "1"::equals);
    suspend(true);
    Await.until("its pod is gone", () -> pods("resting"), List::isEmpty);
    assertThat(get("resting", "{.status.failed}")).isEmpty();
    assertThat(kubectl.run("describe", "job", "resting").ok())
        .containsPattern("Normal +Resumed .*Job resumed")
        .containsPattern("Normal +Suspended .*Job suspended");
    kubectl.run("delete", "job", "resting").ok();
  }

  private static void suspend(boolean suspended) throws Exception {
    kubectl.run("patch", "job", "resting", "-p", "{\"spec\":{\"suspend\":" + suspended + "}}").ok();
  }

  private static void job(String name, String spec, String image) throws Exception {
    job(name, spec, image, "Never");
  }

  private static void job(String name, String spec, String image, String restartPolicy)
      throws Exception {
    var manifest =
        "{apiVersion: batch/v1, kind: Job, metadata: {name: %s}, spec: {%s, template: {spec: {restartPolicy: %s, terminationGracePeriodSeconds: 1, containers: [{name: main, image: %s}]}}}}"
            .formatted(name, spec, restartPolicy, image);
    kubectl.input(manifest, "create", "-f", "-").ok();
  }

  private static void waitFor(String name, String condition) throws Exception {
    assertThat(
            kubectl
                .run("wait", "--for=condition=" + condition, "job/" + name, "--timeout=50s")
                .ok())
        .isEqualTo("job.batch/" + name + " condition met\n");
  }

  private static String get(String name, String path) throws Exception {
    return kubectl.run("get", "job", name, "-o", "jsonpath=" + path).ok();
  }

  private static List<String> pods(String job) throws Exception {
    return kubectl.run("get", "pods", "-l", "job-name=" + job, "-o", "name").ok().lines().toList();
  }
}
