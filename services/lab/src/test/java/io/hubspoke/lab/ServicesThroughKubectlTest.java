package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Services as people make and look at them, with pods that run. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServicesThroughKubectlTest {
  @TempDir private static Path dir;
  private static TestMesh mesh;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir, 1);
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  @Test
  void anExposedPodIsReachedThroughTheServicesProxyUntilItGoes() throws Exception {
    var kubectl = mesh.kubectl();
    kubectl.run("run", "web", "--image=hubspoke/echo", "--port=8080").ok();
    assertThat(kubectl.run("expose", "pod", "web", "--port=80", "--target-port=8080").ok())
        .isEqualTo("service/web exposed\n");
    var proxy = "/api/v1/namespaces/default/services/web/proxy/hello";
    var answer =
        Await.until(
            "the pod answers",
            () -> kubectl.run("get", "--raw", proxy),
            result -> result.status() == 0);
    assertThat(answer.out()).contains("/hello");

    var ip = kubectl.run("get", "pod", "web", "-o", "jsonpath={.status.podIP}").ok();
    assertThat(kubectl.run("get", "endpoints", "web", "--no-headers").ok())
        .matches("web +" + ip + ":8080 +\\S+\\n");
    assertThat(kubectl.run("get", "endpointslices", "-l", "kubernetes.io/service-name=web").ok())
        .contains("IPv4", "8080", ip);
    assertThat(kubectl.run("describe", "service", "web").ok())
        .containsPattern("Endpoints: +" + ip + ":8080");

    kubectl.run("delete", "pod", "web", "--grace-period=1").ok();
    assertThat(
            Await.until(
                    "nobody is behind it",
                    () -> kubectl.run("get", "--raw", proxy),
                    result -> result.status() != 0)
                .err())
        .contains("no endpoints available for service \"web\"");
    assertThat(kubectl.run("get", "endpoints", "web", "--no-headers").ok())
        .matches("web +<none> +\\S+\\n");
  }
}
