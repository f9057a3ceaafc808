package io.hubspoke.apiserver.serviceips;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.ApiserverOptions.KubernetesService;
import io.hubspoke.apiserver.Replicas;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.apiserver.kubernetesservice.LeaseEndpointReconciler;
import io.hubspoke.testing.Await;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What somebody's hand in the store has spoilt. */
class ServiceRepairTest {
  private static final String ADDRESSES = "/registry/ranges/serviceips/";
  private static final String PORTS = "/registry/ranges/servicenodeports/";

  @TempDir Path dir;
  private Replicas replicas;
  private Client admin;

  @BeforeEach
  void start() throws Exception {
    replicas =
        new Replicas(
            dir,
            options ->
                options.with(
                    new KubernetesService(
                        null,
                        "127.96.0.0/16",
                        LeaseEndpointReconciler.Times.DEFAULT,
                        Duration.ofMillis(100))));
    replicas.start("127.0.0.1");
    admin = replicas.admin("127.0.0.1");
  }

  @AfterEach
  void stop() {
    replicas.close();
  }

  @Test
  void whatServicesHoldIsTakenAgain() throws Exception {
    var service = create("web");
    var address = service.at("/spec/clusterIP").asText();
    var port = service.at("/spec/ports/0/nodePort").asText();
    delete(ADDRESSES + address);
    delete(PORTS + port);
    Await.until("the address", () -> owner(ADDRESSES + address).equals(uid(service)));
    Await.until("the port", () -> owner(PORTS + port).equals(uid(service)));
    Await.until(
        "reports",
        () ->
            events("web")
                .containsAll(
                    List.of(
                        "ClusterIPNotAllocated: Cluster IP [IPv4]:"
                            + address
                            + " is not allocated; repairing",
                        "PortNotAllocated: Port " + port + " is not allocated; repairing")));
  }

  @Test
  void whatNobodyHoldsIsFreed() throws Exception {
    put(ADDRESSES + "127.96.9.9", "nobody");
    put(PORTS + "30999", "nobody");
    Await.until("the address is free", () -> owner(ADDRESSES + "127.96.9.9").isEmpty());
    Await.until("the port is free", () -> owner(PORTS + "30999").isEmpty());
    // Somebody else's stay.
    assertThat(owner(ADDRESSES + "127.96.0.1")).isNotEmpty();
  }

  @Test
  void whatAServiceWithoutItsEntryLostToOneThatIsGoneComesBack() throws Exception {
    var service = create("web");
    var key = ADDRESSES + service.at("/spec/clusterIP").asText();
    delete(key);
    put(key, "gone");
    Await.until("it is the service's", () -> owner(key).equals(uid(service)));
  }

  @Test
  void whatTwoHoldAndWhatIsInNoRangeIsReported() throws Exception {
    var first = create("first");
    var second = create("second");
    var address = first.at("/spec/clusterIP").asText();
    var port = first.at("/spec/ports/0/nodePort").asInt();
    edit(
        "second",
        object -> {
          spec(object).put("clusterIP", address).putArray("clusterIPs").add(address);
          ((ObjectNode) object.at("/spec/ports/0")).put("nodePort", port);
        });
    Await.until(
        "both are reported",
        () ->
            events("second")
                .containsAll(
                    List.of(
                        "ClusterIPAlreadyAllocated: Cluster IP [IPv4]:"
                            + address
                            + " was assigned to multiple services; please recreate service",
                        "PortAlreadyAllocated: Port "
                            + port
                            + " was assigned to multiple services; please recreate service")));
    assertThat(owner(ADDRESSES + address)).isEqualTo(uid(first));
    // A look just before it was made finds its address leaked, and the next one mends that.
    assertThat(events("first"))
        .isSubsetOf(
            "ClusterIPNotAllocated: Cluster IP [IPv4]:" + address + " is not allocated; repairing",
            "PortNotAllocated: Port " + port + " is not allocated; repairing");
    // What it held before is nobody's.
    var lost = ADDRESSES + second.at("/spec/clusterIP").asText();
    Await.until("it is freed", () -> owner(lost).isEmpty());

    edit(
        "second",
        object -> {
          spec(object).put("clusterIP", "10.0.0.1").putArray("clusterIPs").add("10.0.0.1");
          ((ObjectNode) object.at("/spec/ports/0")).put("nodePort", 80);
        });
    Await.until(
        "both are out of range",
        () ->
            events("second")
                .containsAll(
                    List.of(
                        "ClusterIPOutOfRange: Cluster IP [IPv4]:10.0.0.1 is not within any"
                            + " configured Service CIDR; please recreate service",
                        "PortOutOfRange: Port 80 is not within the port range 30000-32767;"
                            + " please recreate service")));
  }

  private ObjectNode create(String name) throws Exception {
    var service =
        Json.parseObject(
            """
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "%s"},
             "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
            """
                .formatted(name)
                .getBytes(StandardCharsets.UTF_8));
    return admin.post("/api/v1/namespaces/default/services", service).json();
  }

  /** Changes an object where nobody checks it. */
  private void edit(String name, Consumer<ObjectNode> change) throws Exception {
    var entry =
        Await.result(replicas.store().list("/registry/", "", 0, 0)).entries().stream()
            .filter(e -> e.key().endsWith("/services/default/" + name))
            .findFirst()
            .orElseThrow();
    var object = Json.parseObject(entry.value().getBytes());
    change.accept(object);
    Await.result(
        replicas.store().update(entry.key(), Buffer.buffer(Json.bytes(object)), entry.revision()));
  }

  private void put(String key, String owner) throws Exception {
    Await.result(replicas.store().create(key, Buffer.buffer(owner)));
  }

  private void delete(String key) throws Exception {
    var entry = Await.result(replicas.store().get(key));
    Await.result(replicas.store().delete(key, entry.revision()));
  }

  private String owner(String key) throws Exception {
    var entry = Await.result(replicas.store().get(key));
    return entry == null ? "" : entry.value().toString();
  }

  private List<String> events(String service) throws Exception {
    var events = new ArrayList<String>();
    for (var event :
        admin
            .get("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=" + service)
            .json()
            .path("items")) {
      events.add(event.path("reason").asText() + ": " + event.path("message").asText());
    }
    return events;
  }

  private static ObjectNode spec(ObjectNode object) {
    return (ObjectNode) object.path("spec");
  }

  private static String uid(ObjectNode service) {
    return service.at("/metadata/uid").asText();
  }
}
