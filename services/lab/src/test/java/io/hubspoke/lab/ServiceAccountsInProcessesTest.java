package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.testing.Await;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes in pods reach the apiserver as their service account, by curl. */
@Timeout(120)
class ServiceAccountsInProcessesTest {
  private static final String MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

  /** Asks as programs in pods do. */
  private static final String ASK =
      """
      cd %s; curl -sS --cacert ca.crt -H "Authorization: Bearer $(cat token)" \
      https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/api/v1/namespaces/$(cat namespace)/"""
          .formatted(MOUNT);

  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Kubectl kubectl;

  @BeforeAll
  static void start() throws Exception {
    assumeTrue(
        "root".equals(System.getProperty("user.name"))
            && System.getProperty("os.name").equals("Linux"),
        "containers have no file system of their own here: not root on Linux");
    mesh =
        TestMesh.start(
            dir, 1, k -> k.containerRuntimeEndpoint(RuntimeEndpoint.parse("process://")));
    kubectl = mesh.kubectl();
    kubectl
        .run(
            "create",
            "rolebinding",
            "pods",
            "--clusterrole=view",
            "--serviceaccount=default:default")
        .ok();
    pod("own", false);
    pod("shared", true);
    mesh.untilPhase("own", "Running");
    mesh.untilPhase("shared", "Running");
  }

  @AfterAll
  static void stop() throws Exception {
    if (mesh != null) {
      mesh.stop();
    }
  }

  private static void pod(String name, boolean hostNetwork) throws Exception {
    ObjectNode pod = TestMesh.pod(name, "Always");
    pod.withObject("/spec").put("hostNetwork", hostNetwork);
    TestMesh.container(pod, "main", "hubspoke/host", "1000");
    ((ObjectNode) pod.at("/spec/containers/0")).putArray("command").add("sleep");
    mesh.create(pod);
  }

  private static Kubectl.Result sh(String pod, String script) throws Exception {
    return kubectl.run("exec", pod, "--", "sh", "-c", script);
  }

  @Test
  void its_files_are_at_the_known_place_and_not_to_be_written() throws Exception {
    assertThat(sh("own", "ls " + MOUNT).ok()).isEqualTo("ca.crt\nnamespace\ntoken\n");
    assertThat(sh("own", "cat " + MOUNT + "/namespace").ok()).isEqualTo("default");
    assertThat(sh("own", "touch " + MOUNT + "/x").failed()).contains("Read-only");
    assertThat(sh("own", "echo $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT").ok())
        .isEqualTo(mesh.mesh().addresses().kubernetesService() + ":443\n");
  }

  @Test
  void curl_in_a_pod_of_either_network_is_let_in_and_refused_as_its_account() throws Exception {
    for (var pod : new String[] {"own", "shared"}) {
      Await.until(
          "kube-proxy leads there from " + pod,
          () -> sh(pod, ASK + "pods").out(),
          answer -> answer.contains("\"kind\":\"PodList\""));
      assertThat(sh(pod, ASK + "secrets").ok())
          .contains("system:serviceaccount:default:default", "\"reason\":\"Forbidden\"");
    }
  }

  @Test
  void its_token_ends_with_the_pod() throws Exception {
    pod("brief", false);
    mesh.untilPhase("brief", "Running");
    var token = sh("brief", "cat " + MOUNT + "/token").ok();
    var ask = ASK.replace("$(cat token)", token);
    Await.until(
        "it is let in",
        () -> sh("own", ask + "pods").out(),
        answer -> answer.contains("\"kind\":\"PodList\""));
    kubectl.run("delete", "pod", "brief").ok();
    assertThat(sh("own", ask + "pods").ok()).contains("\"reason\":\"Unauthorized\"");
  }
}
