package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Workloads as people make, show, scale and delete them, with every kubectl that is installed. */
class WorkloadsThroughKubectlTest {
  private static final String WORKLOADS =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        replicas: 3
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec:
            containers: [{name: nginx, image: "nginx:1", ports: [{containerPort: 80}]}]
      ---
      apiVersion: apps/v1
      kind: DaemonSet
      metadata: {name: agent}
      spec:
        selector: {matchLabels: {app: agent}}
        template:
          metadata: {labels: {app: agent}}
          spec:
            nodeSelector: {kubernetes.io/os: linux}
            containers: [{name: a, image: "a:1"}]
      ---
      apiVersion: apps/v1
      kind: StatefulSet
      metadata: {name: db}
      spec:
        serviceName: db
        selector: {matchLabels: {app: db}}
        template:
          metadata: {labels: {app: db}}
          spec:
            containers: [{name: db, image: "db:1", volumeMounts: [{name: d, mountPath: /d}]}]
        volumeClaimTemplates:
        - metadata: {name: d}
          spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
      ---
      apiVersion: apps/v1
      kind: ReplicaSet
      metadata: {name: set}
      spec:
        selector: {matchLabels: {app: set}}
        template:
          metadata: {labels: {app: set}}
          spec: {containers: [{name: c, image: "c:1"}]}
      ---
      apiVersion: batch/v1
      kind: Job
      metadata: {name: once}
      spec:
        template:
          spec:
            restartPolicy: Never
            containers: [{name: c, image: "c:1"}]
      ---
      apiVersion: batch/v1
      kind: CronJob
      metadata: {name: often}
      spec:
        schedule: "*/5 * * * *"
        jobTemplate:
          spec:
            template:
              spec:
                restartPolicy: OnFailure
                containers: [{name: c, image: "c:1"}]
      ---
      apiVersion: policy/v1
      kind: PodDisruptionBudget
      metadata: {name: web}
      spec: {minAvailable: 50%, selector: {matchLabels: {app: web}}}
      ---
      apiVersion: v1
      kind: ReplicationController
      metadata: {name: old}
      spec:
        template:
          metadata: {labels: {app: old}}
          spec: {containers: [{name: c, image: "c:1"}]}
      """;
  private static final List<String> NAMES =
      List.of(
          "deployment.apps/web",
          "daemonset.apps/agent",
          "statefulset.apps/db",
          "replicaset.apps/set",
          "job.batch/once",
          "cronjob.batch/often",
          "poddisruptionbudget.policy/web",
          "replicationcontroller/old");

  @TempDir static Path dir;
  private static KubectlCluster cluster;
  private static Path admin;

  @BeforeAll
  static void start() throws Exception {
    cluster = new KubectlCluster(dir);
    admin = cluster.kubeconfig("kubernetes-admin", "system:masters");
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  static List<Path> versions() throws Exception {
    return Kubectl.versions();
  }

  @ParameterizedTest
  @MethodSource("versions")
  void areMadeShownScaledAndDeleted(Path binary) throws Exception {
    String version = binary.getFileName().toString().replace('.', '-');
    var kubectl =
        new Namespaced(
            new Kubectl(binary, admin, Files.createDirectories(dir.resolve(version))),
            "workloads-" + version);
    kubectl.kubectl.run("create", "namespace", kubectl.namespace).ok();

    assertThat(kubectl.apply(WORKLOADS).lines())
        .containsExactlyElementsOf(NAMES.stream().map(name -> name + " created").toList());
    assertThat(kubectl.apply(WORKLOADS).lines())
        .contains("deployment.apps/web unchanged", "job.batch/once unchanged");
    // Its selector is sent again each time, being replaced as a whole.
    assertThat(kubectl.ok("get", "pdb/web", "-o", "jsonpath={.metadata.generation} {.spec}"))
        .matches("1 \\{.*\"minAvailable\":\"50%\".*\"matchLabels\":\\{\"app\":\"web\"}.*");
    shows(kubectl);
    describes(kubectl);
    scales(kubectl);
    assertThat(kubectl.fails("rollout", "status", "deployment/web", "--timeout=1s"))
        .contains("timed out waiting for the condition");
    assertThat(kubectl.ok("set", "image", "deployment/web", "nginx=nginx:2"))
        .isEqualTo("deployment.apps/web image updated\n");
    assertThat(kubectl.ok("rollout", "restart", "ds/agent"))
        .isEqualTo("daemonset.apps/agent restarted\n");
    assertThat(
            kubectl.fails(
                "patch",
                "deploy",
                "web",
                "-p",
                "{\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}}}}"))
        .contains("spec.selector: Invalid value: ", ": field is immutable");
    assertThat(
            kubectl
                .kubectl
                .input(WORKLOADS.replace("name: c,", "name: C_1,"), kubectl.in("apply", "-f", "-"))
                .failed())
        .contains("spec.template.spec.containers[0].name: Invalid value: \"C_1\"");

    Stream<String> deleted = kubectl.delete(WORKLOADS).lines();

    assertThat(deleted).hasSize(NAMES.size()).allMatch(line -> line.contains(" deleted"));
    assertThat(kubectl.ok("get", "all", "--no-headers")).isEmpty();
  }

  private static void shows(Namespaced kubectl) throws Exception {
    String all = kubectl.ok("get", "all", "-o", "wide");
    assertThat(all.lines().map(line -> line.replaceAll(" +", " ").strip()))
        .contains(
            "NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR",
            "NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE SELECTOR AGE CONTAINERS IMAGES"
                + " SELECTOR",
            "NAME READY AGE CONTAINERS IMAGES",
            "NAME DESIRED CURRENT READY AGE CONTAINERS IMAGES SELECTOR",
            "NAME STATUS COMPLETIONS DURATION AGE CONTAINERS IMAGES SELECTOR",
            "NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST SCHEDULE AGE CONTAINERS IMAGES SELECTOR")
        .anyMatch(l -> l.matches("deployment.apps/web 0/3 0 0 \\S+ nginx nginx:1 app=web"))
        .anyMatch(
            l ->
                l.matches(
                    "daemonset.apps/agent 0 0 0 0 0 kubernetes.io/os=linux \\S+ a a:1 app=agent"))
        .anyMatch(l -> l.matches("statefulset.apps/db 0/1 \\S+ db db:1"))
        .anyMatch(
            l ->
                l.matches(
                    "job.batch/once Running 0/1 \\S+ c c:1 batch.kubernetes.io/controller-uid=\\S+"))
        .anyMatch(
            l ->
                l.matches(
                    "cronjob.batch/often \\*/5 \\* \\* \\* \\* <none> False 0 <none> \\S+ c c:1"
                        + " <none>"));
    assertThat(kubectl.ok("get", "pdb", "--no-headers")).matches("web +50% +N/A +0 +\\S+\\n");
    assertThat(kubectl.ok("get", "jobs", "--field-selector", "status.successful=0", "-o", "name"))
        .isEqualTo("job.batch/once\n");
    assertThat(kubectl.ok("get", "rs", "--field-selector", "status.replicas=1", "-o", "name"))
        .isEmpty();
  }

  private static void describes(Namespaced kubectl) throws Exception {
    assertThat(kubectl.ok("describe", "deploy/web"))
        .contains(
            "Replicas:               3 desired | 0 updated | 0 total | 0 available | 0 unavailable",
            "RollingUpdateStrategy:  25% max unavailable, 25% max surge");
    assertThat(kubectl.ok("describe", "ds/agent"))
        .contains("Node-Selector:  kubernetes.io/os=linux");
    assertThat(kubectl.ok("describe", "sts/db")).contains("Access Modes:  [ReadWriteOnce]");
    assertThat(kubectl.ok("describe", "job/once")).contains("Completions:");
  }

  private static void scales(Namespaced kubectl) throws Exception {
    assertThat(kubectl.ok("scale", "deploy/web", "rs/set", "sts/db", "rc/old", "--replicas=2"))
        .contains(
            "deployment.apps/web scaled",
            "replicaset.apps/set scaled",
            "statefulset.apps/db scaled",
            "replicationcontroller/old scaled");
    assertThat(kubectl.ok("get", "deploy,rs,sts,rc", "-o", "jsonpath={.items[*].spec.replicas}"))
        .isEqualTo("2 2 2 2");
    assertThat(kubectl.fails("scale", "deploy/web", "--current-replicas=7", "--replicas=1"))
        .containsIgnoringCase("expected replicas to be 7, was 2");
    assertThat(kubectl.ok("autoscale", "deployment", "web", "--max=4", "--cpu-percent=70"))
        .isEqualTo("horizontalpodautoscaler.autoscaling/web autoscaled\n");
    assertThat(kubectl.ok("get", "hpa", "--no-headers"))
        .matches("web +Deployment/web +cpu: <unknown>/70% +1 +4 +0 +\\S+\\n");
    assertThat(kubectl.ok("delete", "hpa", "web")).contains(" deleted");
  }

  /** A kubectl that works in one namespace. */
  private record Namespaced(Kubectl kubectl, String namespace) {
    String ok(String... arguments) throws Exception {
      return kubectl.run(in(arguments)).ok();
    }

    String fails(String... arguments) throws Exception {
      return kubectl.run(in(arguments)).failed();
    }

    String apply(String objects) throws Exception {
      return kubectl.input(objects, in("apply", "-f", "-")).ok();
    }

    String delete(String objects) throws Exception {
      return kubectl.input(objects, in("delete", "-f", "-")).ok();
    }

    String[] in(String... arguments) {
      return Stream.concat(Stream.of("-n", namespace), Stream.of(arguments)).toArray(String[]::new);
    }
  }
}
