package io.hubspoke.lab;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.kubeproxy.KubeProxy;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import io.hubspoke.kubeproxy.Proxiers;
import io.hubspoke.kubeproxy.ProxyMode;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.KubeProxyMode;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.testing.Await;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The dashboard shows what components say; each is scraped as Prometheus scrapes it. */
class DashboardTest {
  private static final String LOOPBACK = "127.0.0.1";
  private static final Pattern METRIC =
      Pattern.compile(
          "\\b(?:apiserver|kubelet|kubeproxy|scheduler|konnectivity|workqueue|leader|process|jvm)_\\w+");

  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static SocketAddress server;
  private static SocketAddress agent;
  private static SocketAddress proxy;

  @BeforeAll
  static void start() throws Exception {
    server = free();
    agent = free();
    proxy = free();
    var tunnels =
        TunnelChanges.NONE
            .withServer(options -> options.withServing(server, null))
            .withAgent(options -> options.withServing(agent, null));
    mesh =
        TestMesh.start(
            new MeshOptions(dir.resolve("lab"), 1, Posture.DEFAULT, Changes.NONE.with(tunnels))
                .with(KubeProxyMode.NONE)
                .with(Egress.KONNECTIVITY_GRPC));
    var options =
        KubeProxyOptions.of(ClientConfig.read(mesh.mesh().adminKubeconfig()), "node-1")
            .withMode(ProxyMode.USERSPACE)
            .withBindAddress(mesh.mesh().nodes().get("node-1").advertises())
            .withServing(null, proxy);
    Await.result(mesh.vertx().deployVerticle(new KubeProxy(options, Proxiers.standard())));
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  private static SocketAddress free() throws IOException {
    return SocketAddress.inetSocketAddress(FreePort.at(LOOPBACK), LOOPBACK);
  }

  @Test
  void everyMetricOfTheDashboardIsOneThatAComponentExposes() throws Exception {
    var wanted = metrics(Json.parse(Files.readAllBytes(dashboard())));
    assertThat(wanted).hasSizeGreaterThan(20);
    mesh.pod("web", "Always", "hubspoke/echo");
    mesh.untilPhase("web", "Running");
    // A dial and a request that fails, without which their counters are not there.
    mesh.kubectl().run("logs", "web").ok();
    Await.until(
        "all metrics are exposed",
        () -> {
          var missing = new TreeSet<>(wanted);
          missing.removeAll(exposed());
          return missing;
        },
        Set::isEmpty);
  }

  private static Path dashboard() {
    return Manifests.ROOT.resolve("monitoring/dashboard.json");
  }

  /** The names of metrics in all queries; a histogram's buckets count as such. */
  private static Set<String> metrics(JsonNode dashboard) {
    var metrics = new TreeSet<String>();
    for (var panel : dashboard.path("panels")) {
      for (var target : panel.path("targets")) {
        METRIC.matcher(target.path("expr").asText()).results().forEach(m -> metrics.add(m.group()));
      }
    }
    return metrics;
  }

  /** By the certificate that "hubspoke certs" makes for it: of group system:monitoring. */
  private static Set<String> exposed() throws Exception {
    var lab = mesh.mesh();
    var identity =
        lab.issue(
            CertificateProfile.client(
                "hubspoke:monitoring", List.of("system:monitoring"), Duration.ofHours(1)));
    var exposed = new TreeSet<String>();
    for (var url :
        List.of(
            lab.addresses().apiserverUrl(),
            lab.controllerManagerHealth(),
            lab.schedulerHealth(),
            "https://" + lab.addresses().nodeListens(1) + ":" + Addresses.KUBELET_PORT)) {
      var scraper =
          new ApiClient(
              mesh.vertx(),
              ClientConfig.of(url, List.of(lab.authority()), new Credentials.Certificate(identity))
                  .withInsecureSkipTlsVerify());
      try {
        add(exposed, Await.result(scraper.raw("/metrics")).toString());
      } finally {
        Await.result(scraper.close());
      }
    }
    try (var http = HttpClient.newHttpClient()) {
      for (var address : List.of(server, agent, proxy)) {
        var url = URI.create("http://%s:%d/metrics".formatted(address.host(), address.port()));
        var answer =
            http.send(HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.ofString());
        add(exposed, answer.body());
      }
    }
    return exposed;
  }

  private static void add(Set<String> exposed, String text) {
    text.lines()
        .filter(line -> !line.startsWith("#") && !line.isEmpty())
        .forEach(line -> exposed.add(line.split("[{ ]", 2)[0]));
  }
}
