package io.hubspoke.lab.controlplane;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Slices and Endpoints of services, as pods come, change and go. */
class EndpointsTest {
  private static final Resource<ObjectNode> SLICES =
      Resource.namespaced("discovery.k8s.io", "v1", "endpointslices", ObjectNode.class);
  private static final Resource<ObjectNode> SERVICES = Resource.SERVICES.tree();
  private static final Resource<ObjectNode> ENDPOINTS = Resource.ENDPOINTS.tree();
  private static ControlPlane plane;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    plane = new ControlPlane(dir, Duration.ofMinutes(10));
    plane.node("n1");
    var zone =
        ControlPlane.json("{\"metadata\": {\"labels\": {\"topology.kubernetes.io/zone\": \"a\"}}}");
    Await.result(plane.admin.patch(ControlPlane.NODES, "", "n1", PatchType.MERGE, zone));
  }

  @AfterAll
  static void stop() throws Exception {
    plane.close();
  }

  @Test
  void aServiceHasASliceThatSaysAllOfItsPods() throws Exception {
    namespace("said");
    pod("said", "web-1", "web", 8080, 1);
    create(
        "said",
        """
        {"apiVersion": "v1", "kind": "Service",
         "metadata": {"name": "web", "labels": {"team": "blue"}},
         "spec": {"selector": {"app": "web"}, "ports": [
           {"name": "http", "port": 80, "targetPort": "http", "appProtocol": "http"},
           {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": "dns"},
           {"name": "sig", "port": 99, "protocol": "SCTP"},
           {"name": "none", "port": 9, "targetPort": "nowhere"}]}}
        """);
    var slice = only("said", "web", s -> s.path("endpoints").size() == 1);
    var service = Await.result(plane.admin.get(SERVICES, "said", "web"));

    assertThat(Meta.name(slice)).startsWith("web-");
    assertThat(Meta.labels(slice))
        .isEqualTo(
            Map.of(
                "team",
                "blue",
                "kubernetes.io/service-name",
                "web",
                "endpointslice.kubernetes.io/managed-by",
                "endpointslice-controller.k8s.io"));
    assertThat(Meta.annotations(slice))
        .containsKey("endpoints.kubernetes.io/last-change-trigger-time");
    var owner = slice.at("/metadata/ownerReferences/0");
    assertThat(owner.path("uid").asText()).isEqualTo(Meta.uid(service));
    assertThat(owner.path("controller").asBoolean()).isTrue();
    assertThat(slice.path("addressType").asText()).isEqualTo("IPv4");
    assertThat(ports(slice))
        .containsExactlyInAnyOrder("http TCP 8080 http", "dns UDP 5353 ", "sig SCTP 99 ");
    var pod = Await.result(plane.admin.get(ControlPlane.PODS, "said", "web-1"));
    assertThat(slice.at("/endpoints/0"))
        .isEqualTo(
            ControlPlane.json(
                """
                {"addresses": ["127.20.9.1"], "nodeName": "n1", "zone": "a",
                 "conditions": {"ready": true, "serving": true, "terminating": false},
                 "targetRef": {"kind": "Pod", "namespace": "said", "name": "web-1", "uid": "%s"}}
                """
                    .formatted(Meta.uid(pod))));

    var endpoints =
        Await.until("Endpoints", () -> get(ENDPOINTS, "said", "web"), e -> !subsets(e).isEmpty());
    assertThat(subsets(endpoints)).containsExactly("[127.20.9.1] [] dns/UDP http/TCP sig/SCTP");
    assertThat(Meta.labels(endpoints))
        .containsEntry("endpoints.kubernetes.io/managed-by", "endpoint-controller")
        .containsEntry("team", "blue");

    Await.result(plane.admin.delete(SERVICES, "said", "web", DeleteOptions.DEFAULT));
    Await.until("its slice goes", () -> slices("said", "web").isEmpty());
    Await.until("its Endpoints go", () -> get(ENDPOINTS, "said", "web") == null);
  }

  @Test
  void podsThatGiveAPortsNameAnotherNumberAreInOtherSlices() throws Exception {
    namespace("numbers");
    pod("numbers", "old", "web", 8080, 1);
    pod("numbers", "new", "web", 9090, 2);
    service("numbers", "web", "\"targetPort\": \"http\"");
    var slices = Await.until("two", () -> slices("numbers", "web"), s -> s.size() == 2);
    assertThat(slices.stream().map(s -> s.at("/ports/0/port").asInt() + " " + addresses(s)))
        .containsExactlyInAnyOrder("8080 [127.20.9.1]", "9090 [127.20.9.2]");
  }

  @Test
  void whatBecomesOfAPodShowsInTheSlice() throws Exception {
    namespace("quick");
    pod("quick", "a", "web", 8080, 1);
    service("quick", "web", "\"targetPort\": 8080");
    only("quick", "web", s -> conditions(s).equals("true true false"));
    for (var ready : List.of(false, true)) {
      status("quick", "a", 1, ready);
      only("quick", "web", s -> conditions(s).equals(ready + " " + ready + " false"));
    }
    Await.until(
        "it is ready in Endpoints too",
        () -> subsets(get(ENDPOINTS, "quick", "web")),
        s -> s.equals(List.of("[127.20.9.1] [] /TCP")));

    // It has a node, whose kubelet would end it; nobody does here.
    var grace = new DeleteOptions(30, "");
    Await.result(plane.admin.delete(ControlPlane.PODS, "quick", "a", grace));
    only("quick", "web", s -> conditions(s).equals("false true true"));
    Await.until("and none", () -> subsets(get(ENDPOINTS, "quick", "web")), List::isEmpty);
    Await.result(plane.admin.delete(ControlPlane.PODS, "quick", "a", new DeleteOptions(0, "")));
    only("quick", "web", s -> s.path("endpoints").isEmpty());
  }

  @Test
  void aChangeAmongManyPodsWritesOneSlice() throws Exception {
    namespace("many");
    var making = new ArrayList<Future<?>>();
    for (var i = 1; i <= 230; i++) {
      making.add(createPod("many", "p" + i, "web", 8080, i));
    }
    Await.result(Future.all(making));
    service("many", "web", "\"targetPort\": 8080");
    var before = Await.until("all", () -> slices("many", "web"), s -> count(s) == 230);
    // How many there are depends on how many pods were known when each was made.
    assertThat(before)
        .hasSizeGreaterThanOrEqualTo(3)
        .allMatch(s -> s.path("endpoints").size() <= 100);
    Await.result(plane.admin.delete(ControlPlane.PODS, "many", "p7", new DeleteOptions(0, "")));
    var after = Await.until("one less", () -> slices("many", "web"), s -> count(s) == 229);
    assertThat(versions(after).values())
        .filteredOn(v -> !versions(before).containsValue(v))
        .hasSize(1);
    Await.until(
        "in Endpoints",
        () -> get(ENDPOINTS, "many", "web").at("/subsets/0/addresses").size() == 229);
  }

  @Test
  void podsOfAHeadlessServiceHaveTheirHostnames() throws Exception {
    namespace("heads");
    var pod = podObject("db-0", "db", 5432);
    pod.withObject("/spec").put("hostname", "db-0").put("subdomain", "db");
    Await.result(plane.admin.create(ControlPlane.PODS, "heads", pod));
    status("heads", "db-0", 4, false);
    create(
        "heads",
        """
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"},
         "spec": {"clusterIP": "None", "selector": {"app": "db"}, "publishNotReadyAddresses": true}}
        """);
    var slice = only("heads", "db", s -> s.path("endpoints").size() == 1);
    assertThat(slice.at("/endpoints/0/hostname").asText()).isEqualTo("db-0");
    assertThat(conditions(slice)).isEqualTo("true false false");
    assertThat(slice.path("ports").size()).isZero();
    assertThat(Meta.labels(slice)).containsKey("service.kubernetes.io/headless");
    var endpoints =
        Await.until("Endpoints", () -> get(ENDPOINTS, "heads", "db"), e -> !subsets(e).isEmpty());
    assertThat(endpoints.at("/subsets/0/addresses/0/hostname").asText()).isEqualTo("db-0");
  }

  @Test
  void whatSomebodySpoilsIsPutRight() throws Exception {
    namespace("spoilt");
    pod("spoilt", "a", "web", 8080, 1);
    service("spoilt", "web", "\"targetPort\": 8080");
    var slice = only("spoilt", "web", s -> s.path("endpoints").size() == 1);
    Await.result(plane.admin.delete(SLICES, "spoilt", Meta.name(slice), DeleteOptions.DEFAULT));
    var again =
        only(
            "spoilt",
            "web",
            s -> s.path("endpoints").size() == 1 && !Meta.uid(s).equals(Meta.uid(slice)));
    var emptied = ControlPlane.json("{\"endpoints\": []}");
    Await.result(plane.admin.patch(SLICES, "spoilt", Meta.name(again), PatchType.MERGE, emptied));
    only(
        "spoilt",
        "web",
        s ->
            s.path("endpoints").size() == 1
                && !Meta.resourceVersion(s).equals(Meta.resourceVersion(again)));
    Await.result(plane.admin.delete(ENDPOINTS, "spoilt", "web", DeleteOptions.DEFAULT));
    Await.until("Endpoints", () -> !subsets(get(ENDPOINTS, "spoilt", "web")).isEmpty());
  }

  @Test
  void handMadeEndpointsAreMirroredUnlessTheySayNo() throws Exception {
    namespace("hand");
    create(
        "hand",
        """
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "far"},
         "spec": {"ports": [{"name": "sql", "port": 5432}]}}
        """);
    var endpoints =
        ControlPlane.json(
            """
            {"apiVersion": "v1", "kind": "Endpoints",
             "metadata": {"name": "far", "labels": {"from": "hand"}, "annotations": {"why": "old"}},
             "subsets": [{"addresses": [{"ip": "10.1.1.1"}, {"ip": "fd00::1"}],
               "notReadyAddresses": [{"ip": "10.1.1.2"}],
               "ports": [{"name": "sql", "port": 5432}]}]}
            """);
    Await.result(plane.admin.create(ENDPOINTS, "hand", endpoints));
    var slices = Await.until("both families", () -> slices("hand", "far"), s -> s.size() == 2);
    assertThat(slices.stream().map(s -> s.path("addressType").asText() + addresses(s)))
        .containsExactlyInAnyOrder("IPv4[10.1.1.1, 10.1.1.2]", "IPv6[fd00::1]");
    assertThat(slices)
        .allSatisfy(
            s -> {
              assertThat(Meta.labels(s))
                  .containsEntry("from", "hand")
                  .containsEntry(
                      "endpointslice.kubernetes.io/managed-by",
                      "endpointslicemirroring-controller.k8s.io");
              assertThat(Meta.annotations(s)).containsEntry("why", "old");
              assertThat(s.at("/metadata/ownerReferences/0/kind").asText()).isEqualTo("Endpoints");
            });
    var no =
        ControlPlane.json(
            "{\"metadata\": {\"labels\": {\"endpointslice.kubernetes.io/skip-mirror\": \"true\"}}}");
    Await.result(plane.admin.patch(ENDPOINTS, "hand", "far", PatchType.MERGE, no));
    Await.until("no mirrored slice is left", () -> slices("hand", "far").isEmpty());
    Await.result(plane.admin.delete(SERVICES, "hand", "far", DeleteOptions.DEFAULT));
    Await.until("Endpoints go with it", () -> get(ENDPOINTS, "hand", "far") == null);
  }

  private static void namespace(String name) throws Exception {
    var namespace = Json.object().put("apiVersion", "v1").put("kind", "Namespace");
    namespace.putObject("metadata").put("name", name);
    Await.result(plane.admin.create(Resource.NAMESPACES.tree(), "", namespace));
    Await.until(
        "its account", () -> get(Resource.SERVICE_ACCOUNTS.tree(), name, "default") != null);
  }

  private static void service(String namespace, String name, String target) throws Exception {
    create(
        namespace,
        """
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "%s"},
         "spec": {"selector": {"app": "%s"}, "ports": [{"port": 80, %s}]}}
        """
            .formatted(name, name, target));
  }

  private static void create(String namespace, String service) throws Exception {
    Await.result(plane.admin.create(SERVICES, namespace, ControlPlane.json(service)));
  }

  private static void pod(String namespace, String name, String app, int http, int address)
      throws Exception {
    Await.result(createPod(namespace, name, app, http, address));
  }

  private static Future<?> createPod(
      String namespace, String name, String app, int http, int address) {
    return plane
        .admin
        .create(ControlPlane.PODS, namespace, podObject(name, app, http))
        .compose(made -> patchStatus(namespace, name, address, true));
  }

  private static void status(String namespace, String name, int address, boolean ready)
      throws Exception {
    Await.result(patchStatus(namespace, name, address, ready));
  }

  private static Future<ObjectNode> patchStatus(
      String namespace, String name, int address, boolean ready) {
    return plane.admin.patchStatus(
        ControlPlane.PODS,
        namespace,
        name,
        PatchType.STRATEGIC_MERGE,
        ControlPlane.json(
            """
            {"status": {"phase": "Running", "podIP": "127.20.9.%1$d",
              "podIPs": [{"ip": "127.20.9.%1$d"}],
              "conditions": [{"type": "Ready", "status": "%2$s",
                "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}
            """
                .formatted(address, ready ? "True" : "False")));
  }

  private static ObjectNode podObject(String name, String app, int http) {
    return ControlPlane.json(
        """
        {"apiVersion": "v1", "kind": "Pod",
         "metadata": {"name": "%s", "labels": {"app": "%s"}},
         "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "i", "ports": [
           {"name": "http", "containerPort": %d},
           {"name": "dns", "containerPort": 5353, "protocol": "UDP"}]}]}}
        """
            .formatted(name, app, http));
  }

  private static ObjectNode only(String namespace, String service, Predicate<ObjectNode> expected)
      throws Exception {
    return Await.until(
            "the slice of " + service,
            () -> slices(namespace, service),
            s -> s.size() == 1 && expected.test(s.getFirst()))
        .getFirst();
  }

  private static List<ObjectNode> slices(String namespace, String service) throws Exception {
    return Await.result(
            plane.admin.list(
                SLICES,
                ListOptions.inNamespace(namespace)
                    .withLabelSelector("kubernetes.io/service-name=" + service)))
        .objects();
  }

  private static ObjectNode get(Resource<ObjectNode> resource, String namespace, String name)
      throws Exception {
    return Await.result(
            plane.admin.list(
                resource,
                ListOptions.inNamespace(namespace).withFieldSelector("metadata.name=" + name)))
        .objects()
        .stream()
        .findFirst()
        .orElse(null);
  }

  private static int count(List<ObjectNode> slices) {
    return slices.stream().mapToInt(s -> s.path("endpoints").size()).sum();
  }

  private static Map<String, String> versions(List<ObjectNode> slices) {
    return slices.stream().collect(Collectors.toMap(Meta::name, Meta::resourceVersion));
  }

  private static List<String> addresses(JsonNode slice) {
    var addresses = new ArrayList<String>();
    slice.path("endpoints").forEach(e -> addresses.add(e.at("/addresses/0").asText()));
    return addresses;
  }

  private static String conditions(JsonNode slice) {
    var conditions = slice.at("/endpoints/0/conditions");
    return "%s %s %s"
        .formatted(
            conditions.path("ready"), conditions.path("serving"), conditions.path("terminating"));
  }

  private static List<String> ports(JsonNode slice) {
    var ports = new ArrayList<String>();
    for (var port : slice.path("ports")) {
      ports.add(
          "%s %s %d %s"
              .formatted(
                  port.path("name").asText(),
                  port.path("protocol").asText(),
                  port.path("port").asInt(),
                  port.path("appProtocol").asText()));
    }
    return ports;
  }

  /** Each subset as ready addresses, unready ones, and ports. */
  private static List<String> subsets(JsonNode endpoints) {
    var subsets = new ArrayList<String>();
    for (var subset : endpoints == null ? Json.object() : endpoints.path("subsets")) {
      var text = new StringBuilder();
      for (var list : List.of("addresses", "notReadyAddresses")) {
        var ips = new ArrayList<String>();
        subset.path(list).forEach(a -> ips.add(a.path("ip").asText()));
        text.append(ips).append(' ');
      }
      var ports = new ArrayList<String>();
      subset
          .path("ports")
          .forEach(p -> ports.add(p.path("name").asText() + "/" + p.path("protocol").asText()));
      subsets.add(text + String.join(" ", ports));
    }
    return subsets;
  }
}
