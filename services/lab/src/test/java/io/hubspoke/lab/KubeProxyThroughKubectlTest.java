package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.testing.Await;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** kube-proxy as a DaemonSet, as kubeadm lays it out, seen through kubectl. */
@Timeout(120)
class KubeProxyThroughKubectlTest {
  private static final String NAMESPACE = "--namespace=kube-system";

  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Kubectl kubectl;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir, 2);
    kubectl = mesh.kubectl();
    kubectl.run(NAMESPACE, "rollout", "status", "daemonset/kube-proxy", "--timeout=60s").ok();
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  @Test
  void it_has_the_account_the_role_and_the_configuration_that_kubeadm_gives_it() throws Exception {
    assertThat(kubectl.run(NAMESPACE, "get", "sa", "kube-proxy", "-o", "yaml").ok())
        .contains("kind: ServiceAccount", "  name: kube-proxy\n  namespace: kube-system");
    assertThat(kubectl.run("describe", "clusterrolebinding", "kubeadm:node-proxier").ok())
        .isEqualTo(
            """
            Name:         kubeadm:node-proxier
            Labels:       <none>
            Annotations:  <none>
            Role:
              Kind:  ClusterRole
              Name:  system:node-proxier
            Subjects:
              Kind            Name        Namespace
              ----            ----        ---------
              ServiceAccount  kube-proxy  kube-system
            """);
    assertThat(kubectl.run("describe", "clusterrole", "system:node-proxier").ok())
        .contains(
            "Labels:       kubernetes.io/bootstrapping=rbac-defaults",
            "Annotations:  rbac.authorization.kubernetes.io/autoupdate: true")
        .containsPattern("\n  events +\\[] +\\[] +\\[create patch update]")
        .containsPattern("\n  events.events.k8s.io +\\[] +\\[] +\\[create patch update]")
        .containsPattern("\n  nodes +\\[] +\\[] +\\[get list watch]")
        .containsPattern("\n  endpoints +\\[] +\\[] +\\[list watch]")
        .containsPattern("\n  services +\\[] +\\[] +\\[list watch]")
        .containsPattern("\n  endpointslices.discovery.k8s.io +\\[] +\\[] +\\[list watch]")
        .doesNotContain("secrets");
    assertThat(kubectl.run(NAMESPACE, "get", "cm", "kube-proxy", "-o", "yaml").ok())
        .contains(
            """
              kubeconfig.conf: |-
                apiVersion: v1
                kind: Config
                clusters:
                - cluster:
                    certificate-authority: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
                    server: %s
                  name: default
                contexts:
                - context:
                    cluster: default
                    namespace: default
                    user: default
                  name: default
                current-context: default
                users:
                - name: default
                  user:
                    tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
            """
                .formatted(mesh.mesh().pointOfView().server()))
        .contains("kind: KubeProxyConfiguration", "mode: userspace", "    app: kube-proxy");
    assertThat(kubectl.run(NAMESPACE, "get", "daemonset", "kube-proxy", "-o", "yaml").ok())
        .contains(
            "serviceAccount: kube-proxy\n",
            "serviceAccountName: kube-proxy\n",
            "      - configMap:\n          defaultMode: 420\n          name: kube-proxy\n",
            "hostNetwork: true",
            "priorityClassName: system-node-critical",
            "- operator: Exists");
  }

  @Test
  void each_node_has_one_which_comes_back_on_it_when_it_is_deleted() throws Exception {
    assertThat(
            kubectl
                .run(NAMESPACE, "get", "daemonset", "kube-proxy", "--no-headers")
                .ok()
                .replaceAll(" +", " "))
        .startsWith("kube-proxy 2 2 2 2 2 kubernetes.io/os=linux ");
    for (var node : new String[] {"node-1", "node-2"}) {
      var before = podOn(node);
      kubectl.run(NAMESPACE, "delete", "pod", before).ok();
      Await.until(
          "another one runs on " + node,
          () -> podOn(node),
          pod -> !pod.isEmpty() && !pod.equals(before));
    }
  }

  /** The running one. */
  private static String podOn(String node) throws Exception {
    return kubectl
        .run(
            NAMESPACE,
            "get",
            "pods",
            "-l",
            "k8s-app=kube-proxy",
            "--field-selector=status.phase=Running,spec.nodeName=" + node,
            "-o",
            "jsonpath={.items[*].metadata.name}")
        .ok();
  }

  @Test
  void its_pod_has_its_own_address_for_the_nodes_and_shows_its_mounts() throws Exception {
    var described = kubectl.run(NAMESPACE, "describe", "pod", podOn("node-2")).ok();
    assertThat(described)
        .contains("Priority Class Name:  system-node-critical", "Service Account:      kube-proxy")
        .contains("/var/lib/kube-proxy from kube-proxy (rw)")
        .containsPattern(
            "/var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-\\w+ \\(ro\\)")
        .contains("NODE_NAME:   (v1:spec.nodeName)");
    assertThat(
            kubectl
                .run(
                    NAMESPACE,
                    "get",
                    "pod",
                    podOn("node-2"),
                    "-o",
                    "jsonpath={.status.podIP} {.status.hostIP}")
                .ok())
        .isEqualTo("%1$s %1$s".formatted(mesh.mesh().nodes().get("node-2").advertises()));
  }

  @Test
  void a_token_secret_for_its_account_is_filled() throws Exception {
    kubectl
        .input(
            """
            apiVersion: v1
            kind: Secret
            type: kubernetes.io/service-account-token
            metadata:
              name: kube-proxy-token-2qhph
              namespace: kube-system
              annotations:
                kubernetes.io/service-account.name: kube-proxy
            """,
            "create",
            "-f",
            "-")
        .ok();
    var json =
        Await.until(
            "it is filled",
            () ->
                kubectl
                    .run(NAMESPACE, "get", "secret", "kube-proxy-token-2qhph", "-o", "json")
                    .ok(),
            text -> text.contains("\"token\""));
    var secret = Json.parseObject(json.getBytes(UTF_8));
    assertThat(secret.at("/metadata/annotations/kubernetes.io~1service-account.uid").asText())
        .isEqualTo(
            kubectl
                .run(NAMESPACE, "get", "sa", "kube-proxy", "-o", "jsonpath={.metadata.uid}")
                .ok());
    assertThat(decoded(secret.at("/data/namespace").asText())).isEqualTo("kube-system");
    assertThat(decoded(secret.at("/data/ca.crt").asText()))
        .isEqualTo(Files.readString(dir.resolve("pki/ca.crt")));
    var token = decoded(secret.at("/data/token").asText());
    assertThat(decoded(token.substring(token.indexOf('.') + 1, token.lastIndexOf('.'))))
        .contains("\"sub\":\"system:serviceaccount:kube-system:kube-proxy\"");
  }

  private static String decoded(String base64) {
    return new String(
        Base64.getDecoder().decode(base64.replace('-', '+').replace('_', '/')), UTF_8);
  }

  @Test
  void it_leads_the_virtual_address_of_a_service_to_its_pods() throws Exception {
    kubectl.run("run", "web", "--image=hubspoke/echo", "--port=8080").ok();
    kubectl.run("expose", "pod", "web", "--port=80", "--target-port=8080").ok();
    var address = kubectl.run("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}").ok();
    assertThat(address).startsWith("127.");
    Await.until(
        "the page", () -> page("http://" + address + "/"), text -> text.contains("\"web\""));
  }

  /** One who may run pods and write ConfigMaps, and has an apiserver of his own for it. */
  @Test
  void a_pod_of_a_tenant_that_runs_its_image_takes_over_no_nodes_connections() throws Exception {
    kubectl
        .run(
            "create",
            "configmap",
            "tenant",
            "--from-literal=config={kind: KubeProxyConfiguration, apiVersion:"
                + " kubeproxy.config.k8s.io/v1alpha1, mode: userspace, clientConnection:"
                + " {kubeconfig: /etc/tenant/kubeconfig}}",
            "--from-literal=kubeconfig={clusters: [{name: a, cluster: {server:"
                + " 'https://127.0.0.1:9'}}], users: [{name: a, user: {token: x}}], contexts:"
                + " [{name: a, context: {cluster: a, user: a}}], current-context: a}")
        .ok();
    var pod =
        Json.parseObject(
            """
            {"apiVersion": "v1", "spec": {"containers": [{"name": "tenant",
               "image": "hubspoke/kube-proxy",
               "args": ["--config=/etc/tenant/config", "--hostname-override=node-2"],
               "volumeMounts": [{"name": "tenant", "mountPath": "/etc/tenant"}]}],
             "volumes": [{"name": "tenant", "configMap": {"name": "tenant"}}]}}"""
                .getBytes(UTF_8));
    assertThat(logged("tenant", pod))
        .contains("error: hostNetwork must be true: services are forwarded on the node's network");
    pod.withObject("/spec").put("hostNetwork", true);
    assertThat(logged("tenant-on-host", pod))
        .contains("error: namespace \"default\": the node's network may be changed from namespace");
  }

  private static String logged(String name, ObjectNode overrides) throws Exception {
    kubectl
        .run(
            "run",
            name,
            "--restart=Never",
            "--image=hubspoke/kube-proxy",
            "--overrides=" + overrides)
        .ok();
    Await.until(
        name + " has ended",
        () -> kubectl.run("get", "pod", name, "-o", "jsonpath={.status.phase}").out(),
        "Failed"::equals);
    return kubectl.run("logs", name).ok();
  }

  private static String page(String url) throws InterruptedException {
    try (var http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build()) {
      return http.send(
              HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(5)).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (java.io.IOException notYet) {
      return "";
    }
  }

  @Test
  void a_pod_asks_the_apiserver_by_its_virtual_address_as_its_service_account() throws Exception {
    kubectl
        .run(
            "run",
            "asker",
            "--image=hubspoke/api-client",
            "--restart=Never",
            "--",
            "--whoami",
            "--get=/api/v1/namespaces/default/secrets")
        .ok();
    Await.until(
        "it has asked",
        () -> kubectl.run("get", "pod", "asker", "-o", "jsonpath={.status.phase}").out(),
        "Failed"::equals);
    assertThat(kubectl.run("logs", "asker").ok())
        .contains("system:serviceaccount:default:default", "\"status\":403");
  }
}
