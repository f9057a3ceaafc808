package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.client.ClientConfig;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.scheduler.Scheduler;
import io.hubspoke.scheduler.SchedulerOptions;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Where pods go and why they wait, as people see it. There are nodes but no kubelets, so that a pod
 * which is told to end is there for as long as a test wants it.
 */
class SchedulingThroughKubectlTest {
  private static final String NODES =
      """
      apiVersion: v1
      kind: Node
      metadata:
        name: a
        labels: {kubernetes.io/hostname: a, topology.kubernetes.io/zone: z1, disk: ssd, rank: "1"}
      status:
        allocatable: {cpu: "2", memory: 2Gi, pods: "10", ephemeral-storage: 1Gi}
        capacity: {cpu: "2", memory: 2Gi, pods: "10", ephemeral-storage: 1Gi}
        conditions: [{type: Ready, status: "True", reason: KubeletReady}]
      ---
      apiVersion: v1
      kind: Node
      metadata:
        name: b
        labels: {kubernetes.io/hostname: b, topology.kubernetes.io/zone: z2, rank: "2"}
      status:
        allocatable: {cpu: "2", memory: 2Gi, pods: "10", ephemeral-storage: 1Gi}
        capacity: {cpu: "2", memory: 2Gi, pods: "10", ephemeral-storage: 1Gi}
        conditions: [{type: Ready, status: "True", reason: KubeletReady}]
      ---
      apiVersion: v1
      kind: Node
      metadata:
        name: c
        labels: {kubernetes.io/hostname: c, rank: "3"}
      status:
        allocatable: {cpu: "2", memory: 2Gi, pods: "10", ephemeral-storage: 1Gi}
        capacity: {cpu: "2", memory: 2Gi, pods: "10", ephemeral-storage: 1Gi}
        conditions: [{type: Ready, status: "True", reason: KubeletReady}]
      """;

  @TempDir private static Path dir;
  private static Vertx vertx;
  private static KubectlCluster cluster;
  private static Kubectl kubectl;

  @BeforeAll
  static void start() throws Exception {
    vertx = Component.vertx();
    cluster = new KubectlCluster(dir);
    var scheduler = Kubeconfig.read(cluster.kubeconfig("system:kube-scheduler"));
    kubectl =
        new Kubectl(
            Kubectl.versions().getLast(),
            cluster.kubeconfig("kubernetes-admin", "system:masters"),
            Files.createDirectories(dir.resolve("home")));
    Await.until(
        "the default namespace",
        () -> kubectl.run("create", "serviceaccount", "default").status(),
        status -> status == 0);
    apply(NODES);
    kubectl.run("taint", "nodes", "c", "dedicated=db:NoSchedule").ok();
    kubectl.run("create", "priorityclass", "low", "--value=10").ok();
    kubectl.run("create", "priorityclass", "high", "--value=1000").ok();
    kubectl
        .run("create", "priorityclass", "polite", "--value=1000", "--preemption-policy=Never")
        .ok();
    Await.result(
        vertx.deployVerticle(new Scheduler(SchedulerOptions.of(ClientConfig.of(scheduler)))));
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(vertx.close());
    cluster.close();
  }

  @AfterEach
  void clear() throws Exception {
    kubectl.run("delete", "pods,pdb", "--all", "--force", "--grace-period=0").ok();
  }

  @Test
  void a_pod_waits_for_room_and_says_what_is_missing() throws Exception {
    pod("first", "", cpu("1500m"));
    pod("second", "", cpu("1500m"));
    assertThat(List.of(nodeOf("first"), nodeOf("second"))).containsExactlyInAnyOrder("a", "b");

    pod("third", "", cpu("1500m"));

    var message =
        "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: db},"
            + " 2 Insufficient cpu. preemption: 0/3 nodes are available:"
            + " 1 Preemption is not helpful for scheduling,"
            + " 2 No preemption victims found for incoming pod.";
    untilPending("third", message);
    Await.until(
        "kubectl describe tells it too",
        () -> kubectl.run("describe", "pod", "third").out(),
        text ->
            text.matches(
                "(?s).*Warning +FailedScheduling +\\S+( \\([^)]*\\))? +default-scheduler +"
                    + java.util.regex.Pattern.quote(message)
                    + ".*"));
    assertThat(kubectl.run("get", "pod", "third", "--no-headers").ok())
        .matches("third +0/1 +Pending +0 .*\\s*");

    kubectl.run("delete", "pod", "first", "--force", "--grace-period=0").ok();
    nodeOf("third");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "nodeSelector: {disk: tape}"
            + " | 1 node(s) had untolerated taint {dedicated: db},"
            + " 2 node(s) didn't match Pod's node affinity/selector",
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution:"
            + " {nodeSelectorTerms: [{matchExpressions: [{key: rank, operator: Gt,"
            + " values: ['2']}]}]}}}"
            + " | 1 node(s) had untolerated taint {dedicated: db},"
            + " 2 node(s) didn't match Pod's node affinity/selector",
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution:"
            + " {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In,"
            + " values: [c]}]}]}}}"
            + " | 1 node(s) had untolerated taint {dedicated: db},"
            + " 2 node(s) didn't satisfy plugin(s) [NodeAffinity]",
        "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution:"
            + " [{topologyKey: kubernetes.io/hostname, labelSelector:"
            + " {matchLabels: {app: nobody}}}]}}"
            + " | 1 node(s) had untolerated taint {dedicated: db},"
            + " 2 node(s) didn't match pod affinity rules",
        "tolerations: [{operator: Exists}], topologySpreadConstraints: [{maxSkew: 1,"
            + " topologyKey: room, whenUnsatisfiable: DoNotSchedule,"
            + " labelSelector: {matchLabels: {app: x}}}]"
            + " | 3 node(s) didn't match pod topology spread constraints"
            + " (missing required label)",
        "containers: [{name: c, image: i, resources: {limits: {example.com/gpu: 1}}}]"
            + " | 1 node(s) had untolerated taint {dedicated: db}, 2 Insufficient example.com/gpu",
        "containers: [{name: c, image: i, resources: {requests: {cpu: 3, memory: 3Gi,"
            + " ephemeral-storage: 2Gi}}}]"
            + " | 1 node(s) had untolerated taint {dedicated: db}, 2 Insufficient cpu,"
            + " 2 Insufficient ephemeral-storage, 2 Insufficient memory",
      })
  void what_no_other_pods_end_can_cure_is_told_word_for_word(String spec, String why)
      throws Exception {
    pod("waits", "", spec);
    untilPending(
        "waits",
        "0/3 nodes are available: "
            + why
            + ". preemption: 0/3 nodes are available:"
            + " 3 Preemption is not helpful for scheduling.");
  }

  @Test
  void a_cordoned_node_is_left_alone_until_it_is_uncordoned() throws Exception {
    kubectl.run("cordon", "a").ok();
    kubectl.run("cordon", "b").ok();
    // The scheduler hears of nodes and pods by watches of their own.
    Await.until(
        "a pod waits for cordoned nodes",
        () -> {
          kubectl.run("delete", "pod", "p", "--force", "--grace-period=0", "--ignore-not-found");
          pod("p", "", cpu("10m"));
          return Await.until("it is decided", () -> decision("p"), text -> !text.isEmpty());
        },
        text ->
            text.startsWith(
                "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: db},"
                    + " 2 node(s) were unschedulable."));
    kubectl.run("uncordon", "b").ok();
    assertThat(nodeOf("p")).isEqualTo("b");
    kubectl.run("uncordon", "a").ok();
  }

  @Test
  void pods_that_want_others_far_or_near_are_put_so() throws Exception {
    var far =
        "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution:"
            + " [{topologyKey: topology.kubernetes.io/zone, labelSelector:"
            + " {matchLabels: {app: lonely}}}]}}";
    pod("one", "app: lonely", far);
    pod("two", "app: lonely", far);
    assertThat(List.of(nodeOf("one"), nodeOf("two"))).containsExactlyInAnyOrder("a", "b");

    pod("three", "app: lonely", far);
    untilPending(
        "three",
        "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: db},"
            + " 2 node(s) didn't match pod anti-affinity rules. preemption: 0/3 nodes are"
            + " available: 1 Preemption is not helpful for scheduling,"
            + " 2 No preemption victims found for incoming pod.");
    pod("plain", "app: lonely", "");
    untilPending(
        "plain",
        "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: db},"
            + " 2 node(s) didn't satisfy existing pods anti-affinity rules. preemption: 0/3 nodes"
            + " are available: 1 Preemption is not helpful for scheduling,"
            + " 2 No preemption victims found for incoming pod.");

    pod(
        "friend",
        "app: friend",
        "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution:"
            + " [{topologyKey: kubernetes.io/hostname, labelSelector:"
            + " {matchLabels: {name: two}}}]}}");
    assertThat(nodeOf("friend")).isEqualTo(nodeOf("two"));
  }

  @Test
  void pods_are_spread_over_zones_no_more_unevenly_than_allowed() throws Exception {
    var even =
        "topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone,"
            + " whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: even}}}]";
    pod("even-0", "app: even", "nodeSelector: {disk: ssd}, " + even);
    assertThat(nodeOf("even-0")).isEqualTo("a");
    pod("even-1", "app: even", even);
    assertThat(nodeOf("even-1")).isEqualTo("b");
    pod("even-2", "app: even", "nodeSelector: {disk: ssd}, nodeName: a, " + even);

    pod(
        "even-3",
        "app: even",
        "nodeSelector: {disk: ssd}, "
            + even.replace("labelSelector", "nodeAffinityPolicy: Ignore, labelSelector"));
    untilPending(
        "even-3",
        "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector,"
            + " 1 node(s) didn't match pod topology spread constraints,"
            + " 1 node(s) had untolerated taint {dedicated: db}. preemption: 0/3 nodes are"
            + " available: 1 No preemption victims found for incoming pod,"
            + " 2 Preemption is not helpful for scheduling.");
  }

  @Test
  void a_port_of_a_node_is_one_pods_only() throws Exception {
    var port = "containers: [{name: c, image: i, ports: [{containerPort: 80, hostPort: 80}]}]";
    pod("one", "", port);
    pod("two", "", port);
    assertThat(List.of(nodeOf("one"), nodeOf("two"))).containsExactlyInAnyOrder("a", "b");
    pod("three", "", port);
    untilPending(
        "three",
        "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: db},"
            + " 2 node(s) didn't have free ports for the requested pod ports. preemption: 0/3"
            + " nodes are available: 1 Preemption is not helpful for scheduling,"
            + " 2 No preemption victims found for incoming pod.");
  }

  @Test
  void an_important_pod_takes_the_place_of_the_least_important() throws Exception {
    pod("on-a", "", cpu("1500m") + ", nodeSelector: {disk: ssd}");
    nodeOf("on-a");
    pod("on-b", "", "priorityClassName: low, " + cpu("1500m"));
    assertThat(nodeOf("on-b")).isEqualTo("b");

    pod("urgent", "", "priorityClassName: high, " + cpu("1500m"));

    Await.until(
        "the pod of the lowest priority ends",
        () -> field("on-a", "{.metadata.deletionTimestamp}"),
        time -> !time.isEmpty());
    assertThat(field("on-b", "{.metadata.deletionTimestamp}")).isEmpty();
    assertThat(field("urgent", "{.status.nominatedNodeName}")).isEqualTo("a");
    assertThat(
            field(
                "on-a",
                "{range .status.conditions[?(@.type=='DisruptionTarget')]}"
                    + "{.status} {.reason} {.message}{end}"))
        .isEqualTo(
            "True PreemptionByScheduler"
                + " default-scheduler: preempting to accommodate a higher priority pod");
    var preemptor = field("urgent", "{.metadata.uid}");
    Await.until(
        "the event",
        () ->
            kubectl
                .run("get", "events", "--field-selector", "reason=Preempted", "-o", "json")
                .out(),
        text -> text.contains("Preempted by pod " + preemptor + " on node a"));

    // What comes later and is less important gets none of the room that was made.
    pod("later", "", "priorityClassName: low, " + cpu("1500m"));
    untilDecided("later");
    kubectl.run("delete", "pod", "on-a", "--force", "--grace-period=0").ok();
    assertThat(nodeOf("urgent")).isEqualTo("a");
    assertThat(field("later", "{.spec.nodeName}")).isEmpty();
  }

  @Test
  void a_pod_that_preempts_nobody_says_so() throws Exception {
    pod("on-a", "", cpu("1500m"));
    pod("on-b", "", cpu("1500m"));
    nodeOf("on-a");
    nodeOf("on-b");
    pod("polite", "", "priorityClassName: polite, " + cpu("1500m"));
    untilPending(
        "polite",
        "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: db},"
            + " 2 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.");
  }

  @Test
  void pods_whose_budget_spares_none_are_preempted_last() throws Exception {
    pod("guarded", "guard: me", cpu("1500m") + ", nodeSelector: {disk: ssd}");
    nodeOf("guarded");
    pod("other", "", "priorityClassName: low, " + cpu("1500m"));
    nodeOf("other");
    // No controller works out here what the budget allows: none, as it is made.
    kubectl.run("create", "pdb", "guard", "--selector=guard=me", "--min-available=1").ok();
    // The scheduler hears of budgets by a watch of its own.
    pod("probe", "", "nodeSelector: {disk: tape}");
    untilDecided("probe");

    pod("urgent", "", "priorityClassName: high, " + cpu("1500m"));

    Await.until(
        "the pod without a budget ends though it is the more important",
        () -> field("other", "{.metadata.deletionTimestamp}"),
        time -> !time.isEmpty());
    assertThat(field("guarded", "{.metadata.deletionTimestamp}")).isEmpty();
    assertThat(field("urgent", "{.status.nominatedNodeName}")).isEqualTo("b");
  }

  @Test
  void a_gated_pod_waits_until_its_gates_are_removed() throws Exception {
    pod("gated", "", "schedulingGates: [{name: example.com/wait}]");
    assertThat(kubectl.run("get", "pod", "gated", "--no-headers").ok())
        .matches("gated +0/1 +SchedulingGated +0 .*\\s*");
    assertThat(
            field(
                "gated",
                "{range .status.conditions[?(@.type=='PodScheduled')]}"
                    + "{.status} {.reason} {.message}{end}"))
        .isEqualTo("False SchedulingGated Scheduling is blocked due to non-empty scheduling gates");
    assertThat(
            kubectl
                .run(
                    "patch",
                    "pod",
                    "gated",
                    "-p",
                    "{\"spec\":{\"schedulingGates\":[{\"name\":\"example.com/more\"}]}}")
                .failed())
        .contains("only deletion is allowed, but found new scheduling gate 'example.com/more'");

    kubectl
        .run("patch", "pod", "gated", "--type=merge", "-p", "{\"spec\":{\"schedulingGates\":null}}")
        .ok();
    nodeOf("gated");
  }

  private static String cpu(String amount) {
    return "containers: [{name: c, image: i, resources: {requests: {cpu: %s}}}]".formatted(amount);
  }

  /** Creates a pod with a label {@code name} besides these ones. */
  private static void pod(String name, String labels, String spec) throws Exception {
    var containers = spec.contains("containers:") ? "" : "containers: [{name: c, image: i}]";
    apply(
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: %s, labels: {name: %s%s}}
        spec: {%s}
        """
            .formatted(
                name,
                name,
                labels.isEmpty() ? "" : ", " + labels,
                spec.isEmpty() || containers.isEmpty()
                    ? spec + containers
                    : spec + ", " + containers));
  }

  private static void apply(String manifest) throws Exception {
    kubectl.input(manifest, "create", "-f", "-").ok();
  }

  private static String field(String pod, String path) throws Exception {
    return kubectl.run("get", "pod", pod, "-o", "jsonpath=" + path).out();
  }

  private static String nodeOf(String pod) throws Exception {
    return Await.until(
        pod + " is bound", () -> field(pod, "{.spec.nodeName}"), node -> !node.isEmpty());
  }

  private static String why(String pod) throws Exception {
    return field(pod, "{range .status.conditions[?(@.reason=='Unschedulable')]}{.message}{end}");
  }

  private static String decision(String pod) throws Exception {
    var why = why(pod);
    return why.isEmpty() ? field(pod, "{.spec.nodeName}") : why;
  }

  private static void untilDecided(String pod) throws Exception {
    Await.until(pod + " is decided about", () -> decision(pod), text -> !text.isEmpty());
  }

  private static void untilPending(String pod, String message) throws Exception {
    assertThat(Await.until(pod + " waits", () -> why(pod), text -> !text.isEmpty()))
        .isEqualTo(message);
  }
}
