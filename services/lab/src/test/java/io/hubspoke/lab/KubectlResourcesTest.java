package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every resource, as every kubectl that is installed finds, lists and explains it. */
class KubectlResourcesTest {
  private static final String OBJECTS =
      """
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata: {name: web}
      spec:
        ingressClassName: nginx
        rules:
        - host: web.example.com
          http:
            paths:
            - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
      ---
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: web}
      spec: {podSelector: {matchLabels: {app: web}}}
      ---
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
      ---
      apiVersion: v1
      kind: LimitRange
      metadata: {name: limits}
      spec: {limits: [{type: Container, max: {cpu: "2"}}]}
      ---
      apiVersion: v1
      kind: ResourceQuota
      metadata: {name: quota}
      spec: {hard: {pods: "4"}}
      """;

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

  private static Kubectl kubectl(Path binary) throws Exception {
    Path home = Files.createDirectories(dir.resolve(binary.getFileName().toString()));
    return new Kubectl(binary, admin, home);
  }

  @Test
  void everyResourceIsListedAndExplained() throws Exception {
    for (Path binary : List.of(versions().getFirst(), versions().getLast())) {
      Kubectl kubectl = kubectl(binary);
      List<String> listed =
          kubectl.run("api-resources", "--verbs=list", "-o", "name").ok().lines().toList();
      assertThat(listed)
          .contains("pods", "ingresses.networking.k8s.io", "priorityclasses.scheduling.k8s.io");
      kubectl.run("get", String.join(",", listed), "-A").ok();
      for (String resource : listed) {
        int dot = resource.indexOf('.');
        String name = dot < 0 ? resource : resource.substring(0, dot);
        if (!name.equals("events")) {
          assertThat(kubectl.run("explain", name).ok())
              .contains("VERSION:")
              .doesNotContain("<empty>");
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("versions")
  void aFieldIsExplainedAndATypoIsRefused(Path binary) throws Exception {
    Kubectl kubectl = kubectl(binary);
    assertThat(kubectl.run("explain", "pod.spec.containers.ports").ok())
        .contains("containerPort", "-required-", "integer");
    assertThat(kubectl.run("explain", "ingress.spec", "--recursive").ok()).contains("pathType");
    assertThat(kubectl.run("explain", "pod.spec.container").failed())
        .contains("field \"container\" does not exist");
  }

  @ParameterizedTest
  @MethodSource("versions")
  void theNewGroupsObjectsAreMadeListedAndChanged(Path binary) throws Exception {
    Kubectl kubectl = kubectl(binary);
    String namespace = "groups-" + binary.getFileName().toString().replace('.', '-');
    kubectl.run("create", "namespace", namespace).ok();
    kubectl.input(OBJECTS, "apply", "-n", namespace, "-f", "-").ok();
    assertThat(words(kubectl.run("get", "ing", "-n", namespace).ok()))
        .startsWith("NAME CLASS HOSTS ADDRESS PORTS AGE web nginx web.example.com 80");
    assertThat(words(kubectl.run("get", "netpol", "-n", namespace).ok()))
        .startsWith("NAME POD-SELECTOR AGE web app=web");
    assertThat(words(kubectl.run("get", "pvc", "-n", namespace).ok()))
        .startsWith(
            "NAME STATUS VOLUME CAPACITY ACCESS MODES STORAGECLASS VOLUMEATTRIBUTESCLASS AGE data"
                + " Pending <unset>");
    assertThat(words(kubectl.run("get", "quota", "-n", namespace).ok()))
        .startsWith("NAME REQUEST LIMIT AGE quota");
    assertThat(
            kubectl
                .input(
                    OBJECTS.replace("web.example.com", "other.example.com"),
                    "apply",
                    "-n",
                    namespace,
                    "-f",
                    "-")
                .ok())
        .contains(
            "ingress.networking.k8s.io/web configured",
            "networkpolicy.networking.k8s.io/web unchanged");
    assertThat(kubectl.run("get", "pc").ok()).contains("system-node-critical", "2000001000");
    kubectl.run("delete", "namespace", namespace, "--wait=false").ok();
  }

  @Test
  void aWebhookConfigurationIsMadeChangedAndShown() throws Exception {
    Kubectl kubectl = kubectl(versions().getLast());
    String webhook =
        """
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: mine}
        webhooks:
        - name: mine.example.com
          clientConfig: {url: "https://127.0.0.1:1/"}
          rules: [{operations: [CREATE], apiGroups: [none.example], apiVersions: [v1], resources: [nones]}]
          sideEffects: None
          admissionReviewVersions: [v1]
          failurePolicy: %s
        """;
    kubectl.input(webhook.formatted("Fail"), "apply", "-f", "-").ok();
    assertThat(kubectl.input(webhook.formatted("Ignore"), "apply", "-f", "-").ok())
        .contains("mine configured");
    assertThat(words(kubectl.run("get", "validatingwebhookconfigurations", "mine").ok()))
        .contains("NAME WEBHOOKS AGE mine 1");
    assertThat(kubectl.input(webhook.formatted("Never"), "apply", "-f", "-").failed())
        .contains(
            "webhooks[0].failurePolicy: Unsupported value: \"Never\": supported values: \"Fail\","
                + " \"Ignore\"");
    kubectl.run("delete", "validatingwebhookconfiguration", "mine").ok();
  }

  private static String words(String table) {
    return String.join(" ", table.trim().split("\\s+"));
  }
}
