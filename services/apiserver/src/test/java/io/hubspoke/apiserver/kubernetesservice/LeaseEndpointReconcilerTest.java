package io.hubspoke.apiserver.kubernetesservice;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.ApiserverOptions.KubernetesService;
import io.hubspoke.apiserver.Replicas;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.testing.Await;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseEndpointReconcilerTest {
  private static final String FIRST = "127.0.0.1";
  private static final String SECOND = "127.0.0.2";
  private static final String SERVICE = "/api/v1/namespaces/default/services/kubernetes";
  private static final String ENDPOINTS = "/api/v1/namespaces/default/endpoints/kubernetes";
  private static final String SLICE =
      "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes";

  @TempDir Path dir;
  private Replicas replicas;
  private Client admin;

  @BeforeEach
  void start() throws Exception {
    var times =
        new LeaseEndpointReconciler.Times(
            Duration.ofMillis(50), Duration.ofMillis(200), Duration.ofSeconds(3));
    replicas =
        new Replicas(
            dir,
            options ->
                options.with(
                    new KubernetesService(null, "127.96.0.0/16", times, Duration.ofMinutes(3))));
    replicas.start(FIRST);
    admin = replicas.admin(FIRST);
  }

  @AfterEach
  void stop() {
    replicas.close();
  }

  @Test
  void everyReplicaIsBehindTheServiceUntilItEnds() throws Exception {
    assertThat(slice()).containsExactly(FIRST);
    replicas.start(SECOND);
    Await.until("both", () -> slice().equals(List.of(FIRST, SECOND)));
    Await.until("both in Endpoints", () -> endpoints().equals(List.of(FIRST, SECOND)));
    // They may have been written by either.
    var port = admin.get(SLICE).json().at("/ports/0");
    assertThat(port.path("port").asInt()).isEqualTo(replicas.port());
    assertThat(port.path("name").asText()).isEqualTo("https");

    replicas.stop(SECOND);
    // What ends in order takes its address out before it is gone.
    assertThat(slice()).containsExactly(FIRST);
    assertThat(endpoints()).containsExactly(FIRST);
  }

  @Test
  void aReplicaThatDiesGoesWhenItsLeaseHasRunOut() throws Exception {
    replicas.start(SECOND);
    Await.result(replicas.store().create(MasterLeases.PREFIX + "127.0.0.9", Buffer.buffer("{}")));
    Await.until("it is there", () -> slice().contains("127.0.0.9"));
    Await.until("the others only", () -> slice().equals(List.of(FIRST, SECOND)));
    Await.until("also in Endpoints", () -> endpoints().equals(List.of(FIRST, SECOND)));
    assertThat(Await.result(replicas.store().get(MasterLeases.PREFIX + "127.0.0.9"))).isNull();
  }

  @Test
  void whatSomebodyChangesOrDeletesIsPutRight() throws Exception {
    var clusterIp = admin.get(SERVICE).json().at("/spec/clusterIP").asText();
    assertThat(clusterIp).isEqualTo("127.96.0.1");
    for (var path : List.of(SERVICE, ENDPOINTS, SLICE)) {
      assertThat(admin.delete(path).code()).isEqualTo(200);
      Await.until(path + " is back", () -> admin.get(path).code() == 200);
    }
    assertThat(admin.get(SERVICE).json().at("/spec/clusterIP").asText()).isEqualTo(clusterIp);
    Await.until("its slice", () -> slice().equals(List.of(FIRST)));

    var endpoints = admin.get(ENDPOINTS).json();
    endpoints.at("/subsets/0/addresses").forEach(a -> ((ObjectNode) a).put("ip", "10.9.9.9"));
    ((ObjectNode) endpoints.path("metadata")).remove("labels");
    assertThat(admin.put(ENDPOINTS, endpoints).code()).isEqualTo(200);
    Await.until("Endpoints", () -> endpoints().equals(List.of(FIRST)));
    assertThat(admin.get(ENDPOINTS).json().at("/metadata/labels").toString())
        .contains("skip-mirror");

    var slice = admin.get(SLICE).json();
    slice.putArray("endpoints");
    ((ObjectNode) slice.at("/ports/0")).put("port", 1);
    assertThat(admin.put(SLICE, slice).code()).isEqualTo(200);
    Await.until("the slice", () -> slice().equals(List.of(FIRST)));
    assertThat(admin.get(SLICE).json().at("/ports/0/port").asInt()).isEqualTo(replicas.port());
  }

  @Test
  void aSliceOfAnotherFamilyIsMadeAnew() throws Exception {
    assertThat(admin.delete(SLICE).code()).isEqualTo(200);
    var other =
        Json.parseObject(
            """
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
             "metadata": {"name": "kubernetes"}, "addressType": "IPv6", "endpoints": []}
            """
                .getBytes(StandardCharsets.UTF_8));
    // The server may be quicker; then it is refused, and nothing is wrong.
    var unused =
        admin.post("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", other).code();
    Await.until("the slice", () -> slice().equals(List.of(FIRST)));
    assertThat(admin.get(SLICE).json().path("addressType").asText()).isEqualTo("IPv4");
  }

  private List<String> slice() throws Exception {
    return texts(admin.get(SLICE).json().path("endpoints"), "/addresses/0");
  }

  private List<String> endpoints() throws Exception {
    return texts(admin.get(ENDPOINTS).json().at("/subsets/0/addresses"), "/ip");
  }

  private static List<String> texts(JsonNode array, String path) {
    var texts = new ArrayList<String>();
    array.forEach(one -> texts.add(one.at(path).asText()));
    return texts;
  }
}
