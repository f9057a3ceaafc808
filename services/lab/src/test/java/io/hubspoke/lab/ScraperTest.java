package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who reads a kubelet's metrics with a service account's token, as Prometheus does. */
class ScraperTest {
  @TempDir private static Path dir;
  private static TestMesh mesh;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir.resolve("lab"), 1);
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  private static Kubectl.Result get(String path, String token) throws Exception {
    Path empty = dir.resolve("empty.kubeconfig");
    if (!Files.exists(empty)) {
      Files.writeString(empty, "{\"apiVersion\": \"v1\", \"kind\": \"Config\"}");
    }
    return mesh.kubectl()
        .as(empty)
        .run(
            "get",
            "--raw=" + path,
            "--server=https://" + mesh.mesh().addresses().nodeListens(1) + ":10250",
            "--insecure-skip-tls-verify",
            "--token=" + token);
  }

  @Test
  void a_token_gives_what_its_account_may_read_of_nodes_and_no_more() throws Exception {
    Kubectl admin = mesh.kubectl();
    admin.run("create", "serviceaccount", "scraper").ok();
    String token = admin.run("create", "token", "scraper").ok().strip();
    assertThat(get("/metrics/resource", token).failed()).contains("Forbidden");
    admin.run("create", "clusterrole", "scraper", "--verb=get", "--resource=nodes/stats").ok();
    admin
        .run(
            "create",
            "clusterrolebinding",
            "scraper",
            "--clusterrole=scraper",
            "--serviceaccount=default:scraper")
        .ok();
    mesh.pod("busy", "Always", "hubspoke/ticker", "--interval=100ms");
    mesh.untilPhase("busy", "Running");

    assertThat(
            Await.until(
                "the binding is seen",
                () -> get("/stats/summary", token).out(),
                out -> out.contains("\"nodeName\" : \"node-1\"")))
        .contains("\"name\" : \"busy\"", "\"usageCoreNanoSeconds\"");
    // The answer of a moment ago would hold for 30 seconds, but this was never asked.
    assertThat(get("/pods", token).failed()).contains("Forbidden");
    assertThat(get("/stats/summary", token + "x").failed()).contains("You must be logged in");
  }
}
