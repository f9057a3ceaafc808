package io.hubspoke.lab.controlplane;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.client.election.LeaderElectionOptions;
import io.hubspoke.client.serving.SecureServing;
import io.hubspoke.controllermanager.ControllerManager;
import io.hubspoke.controllermanager.ControllerManagerOptions;
import io.hubspoke.controllermanager.nodes.PodGarbageOptions;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.scheduler.Scheduler;
import io.hubspoke.scheduler.SchedulerOptions;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.SilentClients;
import io.vertx.core.Vertx;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Health and metrics of the control plane's components, and what their loops show there. */
class ComponentServingTest {
  private static final Resource<ObjectNode> PODS = Resource.PODS.tree();

  private static ControlPlane plane;
  private static Vertx vertx;
  private static ControllerManager manager;
  private static Scheduler scheduler;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    plane = new ControlPlane(dir, Duration.ofSeconds(40));
    vertx = Component.vertx();
    var config = plane.config(plane.identity("kubernetes-admin", "system:masters"));
    manager =
        new ControllerManager(
            ControllerManagerOptions.of(config)
                .withLeaderElection(LeaderElectionOptions.of("second-manager"))
                .withServing(SecureServing.onLoopback(config))
                .withPodGarbage(
                    new PodGarbageOptions(2, Duration.ofMillis(100), Duration.ofMillis(500))));
    scheduler =
        new Scheduler(
            SchedulerOptions.of(config)
                .withLeaderElection(LeaderElectionOptions.of("second-scheduler"))
                .withServing(SecureServing.onLoopback(config)));
    Await.result(vertx.deployVerticle(manager));
    Await.result(vertx.deployVerticle(scheduler));
    Await.until("both lead", () -> manager.isLeader() && scheduler.isLeader());
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(vertx.close());
    plane.close();
  }

  private record Answer(int status, String body) {}

  private static Answer get(int port, String path, Identity identity, String token)
      throws Exception {
    try (var client = HttpClient.newBuilder().sslContext(tls(identity)).build()) {
      var request = HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + path));
      if (token != null) {
        request.header("Authorization", "Bearer " + token);
      }
      var response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(response.statusCode(), response.body());
    }
  }

  private static SSLContext tls(Identity identity) throws Exception {
    var tls = SSLContext.getInstance("TLS");
    var keys = identity == null ? new ReloadableKeys() : new ReloadableKeys(identity);
    tls.init(new KeyManager[] {keys}, new TrustManager[] {Tls.trustAny(List.of())}, null);
    return tls;
  }

  private static Answer get(int port, String path) throws Exception {
    return get(port, path, null, null);
  }

  @Test
  void health_is_for_everybody_who_reaches_it() throws Exception {
    for (var port : List.of(manager.port(), scheduler.port())) {
      for (var path : List.of("/healthz", "/livez", "/readyz", "/healthz/leaderElection")) {
        assertThat(get(port, path)).isEqualTo(new Answer(200, "ok"));
      }
      assertThat(get(port, "/readyz?verbose").body())
          .isEqualTo("[+]ping ok\n[+]leaderElection ok\nreadyz check passed\n");
      assertThat(get(port, "/healthz/other").status()).isEqualTo(404);
    }
  }

  @Test
  void of_strangers_who_connect_and_say_nothing_few_are_kept() throws Exception {
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), manager.port());
    // Their handshakes are done, so that the time for these ends none of them.
    try (var silent = new SilentClients(address, 300, tls(null))) {
      Await.until("those too many are let go", silent::open, open -> open <= 128);
      assertThat(silent.open()).isPositive();
      assertThat(get(manager.port(), "/healthz")).isEqualTo(new Answer(200, "ok"));
    }
  }

  @Test
  void metrics_are_for_those_whom_the_apiserver_lets_look() throws Exception {
    var port = manager.port();
    var stranger =
        CertificateAuthority.create("foreign", Duration.ofDays(1))
            .issueClient("kubernetes-admin", List.of("system:masters"), Duration.ofHours(1));
    var known = plane.identity("somebody");
    var monitor = plane.identity("prometheus", "system:monitoring");
    for (var path : List.of("/metrics", "/configz", "/nothing")) {
      assertThat(get(port, path).status()).isEqualTo(403);
      assertThat(get(port, path, stranger, null).body())
          .contains(
              "forbidden: User \\\"system:anonymous\\\" cannot get path \\\"" + path + "\\\"");
      assertThat(get(port, path, known, null).body()).contains("User \\\"somebody\\\" cannot get");
    }
    assertThat(get(port, "/metrics", null, "who-knows").status()).isEqualTo(401);
    assertThat(get(port, "/metrics", monitor, null).status()).isEqualTo(200);
    var admin = plane.identity("kubernetes-admin", "system:masters");
    assertThat(get(port, "/configz", admin, null).body())
        .contains("\"TerminatedPodGCThreshold\":2", "\"ResourceName\":\"second-manager\"");
    assertThat(get(port, "/nothing", admin, null).status()).isEqualTo(404);
  }

  @Test
  void metrics_have_the_real_ones_names() throws Exception {
    var monitor = plane.identity("prometheus", "system:monitoring");
    assertThat(get(manager.port(), "/metrics", monitor, null).body())
        .contains(
            "leader_election_master_status{name=\"second-manager\"} 1\n",
            "# TYPE workqueue_depth gauge\n",
            "# TYPE workqueue_work_duration_seconds histogram\n",
            "workqueue_work_duration_seconds_bucket{name=\"podgc\",le=\"+Inf\"} ")
        .containsPattern("workqueue_adds_total\\{name=\"podgc\"} [1-9]");
    assertThat(get(scheduler.port(), "/metrics", monitor, null).body())
        .contains(
            "scheduler_pending_pods{queue=\"active\"} ",
            "scheduler_schedule_attempts_total{profile=\"default-scheduler\",result=\"scheduled\"} ",
            "leader_election_master_status{name=\"second-scheduler\"} 1\n");
  }

  @Test
  void pods_of_a_node_that_is_gone_are_deleted_after_a_while() throws Exception {
    plane.cordonedNode("mortal");
    pod("orphan", "mortal", "Running");
    Await.result(plane.admin.delete(Resource.NODES, "", "mortal", DeleteOptions.DEFAULT));
    Await.until("the pod is gone", () -> !names().contains("orphan"));
  }

  @Test
  void of_too_many_pods_that_have_ended_the_oldest_are_deleted() throws Exception {
    plane.cordonedNode("busy");
    for (var name : List.of("ended-1", "ended-2", "ended-3", "ended-4")) {
      pod(name, "busy", "Succeeded");
      // Their ages are told in whole seconds.
      var created = System.currentTimeMillis() / 1000;
      Await.until("the next second", () -> System.currentTimeMillis() / 1000 > created);
    }
    pod("running", "busy", "Running");
    Await.until(
        "two are left",
        () ->
            names().containsAll(List.of("ended-3", "ended-4", "running"))
                && !names().contains("ended-1")
                && !names().contains("ended-2"));
  }

  private static void pod(String name, String node, String phase) throws Exception {
    var pod =
        ControlPlane.json(
            """
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s", "namespace": "default"},
             "spec": {"nodeName": "%s", "containers": [{"name": "c", "image": "i"}]}}
            """
                .formatted(name, node));
    ApiClient admin = plane.admin;
    Await.result(admin.create(PODS, "default", pod));
    var status = Json.object();
    status.putObject("status").put("phase", phase);
    Await.result(admin.patchStatus(PODS, "default", name, PatchType.MERGE, status));
  }

  private static List<String> names() throws Exception {
    return Await.result(plane.admin.list(PODS, ListOptions.inNamespace("default"))).items().stream()
        .map(item -> item.key().name())
        .toList();
  }
}
