package io.hubspoke.lab.controlplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.ApiserverOptions.KubernetesService;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.kubeproxy.KubeProxy;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import io.hubspoke.kubeproxy.Proxiers;
import io.hubspoke.kubeproxy.ProxyMode;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.hubspoke.testing.FreePort;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A kube-proxy as a host process with a client certificate, beside a real apiserver: services and
 * slices are written there, and connections go through their virtual addresses.
 */
class KubeProxyTest {
  private static final Resource<ObjectNode> SERVICES = Resource.SERVICES.tree();
  private static final Resource<ObjectNode> SLICES =
      Resource.namespaced("discovery.k8s.io", "v1", "endpointslices", ObjectNode.class);
  private static final String NODE_ADDRESS = "127.98.0.1";
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static Vertx vertx;
  private static ControlPlane plane;
  private static NamedServer a;
  private static NamedServer b;
  private static int health;
  private static int metrics;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    vertx = Component.vertx();
    plane =
        new ControlPlane(
            dir,
            Duration.ofSeconds(30),
            options -> options.with(new KubernetesService("127.0.0.1", "127.98.128.0/20")));
    plane.node("node-1", NODE_ADDRESS);
    a = new NamedServer("a");
    b = new NamedServer("b");
    health = FreePort.at(NODE_ADDRESS);
    metrics = FreePort.at("127.0.0.1");
    Await.result(
        vertx.deployVerticle(
            new KubeProxy(
                KubeProxyOptions.of(plane.config("system:kube-proxy"), "node-1")
                    .withMode(ProxyMode.USERSPACE)
                    .withServing(
                        SocketAddress.inetSocketAddress(health, NODE_ADDRESS),
                        SocketAddress.inetSocketAddress(metrics, "127.0.0.1")),
                Proxiers.standard())));
  }

  @AfterAll
  static void stop() throws Exception {
    a.close();
    b.close();
    Await.result(vertx.close());
    plane.close();
  }

  private static ObjectNode create(String service) throws Exception {
    return Await.result(plane.admin.create(SERVICES, "default", ControlPlane.json(service)));
  }

  private static ObjectNode service(String name, String more) throws Exception {
    return create(
        """
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "%s"},
         "spec": {"ports": [{"name": "http", "port": 8080}] %s}}
        """
            .formatted(name, more));
  }

  /** Writes the slice of a service with an endpoint for each server on this node. */
  private static void slice(String service, NamedServer... servers) throws Exception {
    slice(service, "node-1", servers);
  }

  private static void slice(String service, String node, NamedServer... servers) throws Exception {
    var endpoints = Json.object().putArray("of");
    int port = 1;
    for (var server : servers) {
      port = server.port();
      endpoints.addObject().put("nodeName", node).putArray("addresses").add(server.address());
    }
    var slice =
        ControlPlane.json(
            """
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
             "metadata": {"name": "%s-1", "labels": {"kubernetes.io/service-name": "%s"}},
             "addressType": "IPv4", "ports": [{"name": "http", "protocol": "TCP", "port": %d}]}
            """
                .formatted(service, service, port));
    slice.set("endpoints", endpoints);
    if (Await.result(plane.admin.list(SLICES, ListOptions.inNamespace("default"))).items().stream()
        .anyMatch(item -> item.key().name().equals(service + "-1"))) {
      Await.result(plane.admin.update(SLICES, "default", service + "-1", slice));
    } else {
      Await.result(plane.admin.create(SLICES, "default", slice));
    }
  }

  private static InetSocketAddress address(ObjectNode service) {
    return at(service.at("/spec/clusterIP").asText(), 8080);
  }

  private static InetSocketAddress nodePort(ObjectNode service) {
    return at(NODE_ADDRESS, service.at("/spec/ports/0/nodePort").asInt());
  }

  private static InetSocketAddress at(String address, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), port);
  }

  private static String answer(InetSocketAddress at) {
    try {
      return NamedServer.ask(at);
    } catch (IOException refused) {
      return "refused";
    }
  }

  private static void answers(InetSocketAddress at, String name) throws Exception {
    Await.until(at + " answers", () -> answer(at), name::equals);
  }

  @Test
  void a_change_takes_effect() throws Exception {
    var at = address(service("changing", ""));
    slice("changing", a);
    answers(at, "a");
    for (var next : List.of(b, a, b)) {
      slice("changing", next);
      answers(at, next.name);
    }
  }

  @Test
  void a_connection_lives_as_long_as_its_endpoint_is_there() throws Exception {
    var at = address(service("living", ""));
    slice("living", a);
    answers(at, "a");
    try (var socket = NamedServer.connect(at)) {
      assertThat(NamedServer.name(socket)).isEqualTo("a");
      slice("living", a, b);
      Await.until("b is asked too", () -> answer(at).equals("b"));
      assertThat(NamedServer.echo(socket, "x")).isEqualTo("x");
      slice("living", b);
      Await.until(
          "a is asked no more", () -> Stream.of(at, at).allMatch(t -> answer(t).equals("b")));
      assertThatThrownBy(() -> NamedServer.echo(socket, "y")).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void a_service_without_endpoints_refuses_and_a_deleted_one_too() throws Exception {
    var service = service("deleted", "");
    slice("deleted", a);
    answers(address(service), "a");
    slice("deleted");
    answers(address(service), "refused");
    slice("deleted", a);
    answers(address(service), "a");
    Await.result(plane.admin.delete(SERVICES, "default", "deleted", DeleteOptions.DEFAULT));
    answers(address(service), "refused");
  }

  @Test
  void a_node_port_is_at_the_address_that_the_node_reports() throws Exception {
    var service = service("node-port", ", \"type\": \"NodePort\"");
    slice("node-port", a);
    answers(nodePort(service), "a");
    answers(address(service), "a");
  }

  @Test
  void a_client_stays_with_its_endpoint_until_affinity_is_taken_away() throws Exception {
    var service = service("affine", ", \"sessionAffinity\": \"ClientIP\"");
    slice("affine", a, b);
    Await.until("it answers", () -> !answer(address(service)).equals("refused"));
    var names = new TreeSet<String>();
    for (int i = 0; i < 6; i++) {
      names.add(answer(address(service)));
    }
    assertThat(names).hasSize(1);
    Await.result(
        plane.admin.patch(
            SERVICES,
            "default",
            "affine",
            PatchType.MERGE,
            ControlPlane.json("{\"spec\": {\"sessionAffinity\": \"None\"}}")));
    Await.until(
        "both are asked",
        () -> {
          names.add(answer(address(service)));
          return names.size() == 2;
        });
  }

  @Test
  void an_internal_policy_of_local_leads_to_endpoints_of_this_node_alone() throws Exception {
    var at = address(service("internal", ", \"internalTrafficPolicy\": \"Local\""));
    slice("internal", "node-2", b);
    Await.until("it is listened on", () -> opens(at));
    assertThat(silent(at)).isTrue();
    slice("internal", "node-1", a);
    answers(at, "a");
  }

  private static boolean opens(InetSocketAddress at) {
    try (var socket = NamedServer.connect(at)) {
      return socket.isConnected();
    } catch (IOException refused) {
      return false;
    }
  }

  private static boolean silent(InetSocketAddress at) throws IOException {
    try (Socket socket = NamedServer.connect(at)) {
      socket.setSoTimeout(200);
      return socket.getInputStream().read() > 0;
    } catch (SocketTimeoutException noAnswer) {
      return true;
    }
  }

  @Test
  void a_load_balancer_hears_how_many_endpoints_this_node_has() throws Exception {
    var service =
        service(
            "balanced",
            ", \"type\": \"LoadBalancer\", \"externalTrafficPolicy\": \"Local\","
                + " \"healthCheckNodePort\": 31999");
    int port = 31999;
    slice("balanced", "node-2", b);
    var url = "http://" + NODE_ADDRESS + ":" + port;
    Await.until("it says none", () -> get(url) != null && get(url).statusCode() == 503);
    slice("balanced", "node-1", a);
    var answer = Await.until("it says one", () -> get(url), r -> r.statusCode() == 200);
    assertThat(answer.body())
        .isEqualTo(
            "{\"service\":{\"namespace\":\"default\",\"name\":\"balanced\"},"
                + "\"localEndpoints\":1,\"serviceProxyHealthy\":true}");
    assertThat(answer.headers().firstValue("X-Load-Balancing-Endpoint-Weight")).contains("1");
    answers(nodePort(service), "a");
  }

  @Test
  void it_tells_of_its_health_and_what_it_measures() throws Exception {
    var at = address(service("measured", ""));
    slice("measured", a);
    answers(at, "a");
    var healthz = get("http://" + NODE_ADDRESS + ":" + health + "/healthz");
    assertThat(healthz.statusCode()).isEqualTo(200);
    assertThat(Json.parseObject(healthz.body().getBytes(java.nio.charset.StandardCharsets.UTF_8)))
        .hasSize(3);
    assertThat(get("http://" + NODE_ADDRESS + ":" + health + "/livez").statusCode()).isEqualTo(200);
    var base = "http://127.0.0.1:" + metrics;
    assertThat(get(base + "/proxyMode").body()).isEqualTo("userspace");
    assertThat(get(base + "/configz").body()).contains("\"mode\":\"userspace\"");
    assertThat(get(base + "/metrics").body())
        .contains(
            "kubeproxy_sync_proxy_rules_duration_seconds_bucket{",
            "kubeproxy_sync_proxy_rules_last_timestamp_seconds{",
            "kubeproxy_sync_proxy_rules_endpoint_changes_total{",
            "kubeproxy_sync_proxy_rules_service_changes_pending{",
            "kubeproxy_proxy_healthz_total{code=\"200\"}");
  }

  private static HttpResponse<String> get(String url) throws InterruptedException {
    try {
      return HTTP.send(
          HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException notYet) {
      return null;
    }
  }

  @Test
  void udp_is_an_event_of_its_service() throws Exception {
    create(
        """
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "udp"},
         "spec": {"ports": [{"port": 53, "protocol": "UDP"}]}}
        """);
    Await.until(
        "there is an event",
        () ->
            Await.result(
                    plane.admin.list(Resource.EVENTS.tree(), ListOptions.inNamespace("default")))
                .items()
                .stream()
                .anyMatch(
                    event ->
                        event.object().path("reason").asText().equals("ProtocolNotSupported")
                            && event.object().at("/involvedObject/name").asText().equals("udp")));
  }

  @Test
  void what_cannot_be_applied_is_tried_again_and_one_change_is_done_at_a_time() throws Exception {
    var proxier = new FailingProxier(vertx, 2);
    var deployment =
        Await.result(
            vertx.deployVerticle(
                new KubeProxy(
                    KubeProxyOptions.of(plane.config("system:kube-proxy"), "node-1")
                        .withServing(null, null),
                    surroundings -> Future.succeededFuture(proxier))));
    for (int i = 0; i < 10; i++) {
      service("many-" + i, "");
    }
    Await.until(
        "all are applied",
        () ->
            proxier.applied().stream()
                    .filter(rule -> rule.name().service().startsWith("many-"))
                    .count()
                == 10);
    assertThat(proxier.most).hasValue(1);
    Await.result(vertx.undeploy(deployment));
  }

  @Test
  void it_may_not_read_secrets() throws Exception {
    var client = plane.client("system:kube-proxy");
    assertThat(Await.failure(client.list(Resource.SECRETS, ListOptions.ALL)))
        .isInstanceOfSatisfying(
            ApiException.class, refused -> assertThat(refused.code()).isEqualTo(403));
    Await.result(client.close());
    assertThat(List.of(a.name, b.name)).containsExactly("a", "b");
  }
}
