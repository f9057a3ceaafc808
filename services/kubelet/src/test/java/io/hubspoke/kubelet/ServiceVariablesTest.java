package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.VertxInternal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What containers are told of services by their environment. */
class ServiceVariablesTest {
  @TempDir private Path directory;
  private TestNode node;

  @BeforeEach
  void make() throws Exception {
    node = new TestNode(directory, "127.10.121.1");
    service("default", "kubernetes", "127.96.0.1", "https", 443);
    service("default", "web-front", "127.96.0.7", "main-port", 18121);
    service("default", "headless", "None", "a", 1);
    service("shop", "till", "127.96.0.8", "", 80);
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  private void service(String namespace, String name, String ip, String port, int number) {
    ObjectNode service = Json.object().put("apiVersion", "v1").put("kind", "Service");
    service.putObject("metadata").put("name", name).put("namespace", namespace);
    ObjectNode spec = service.putObject("spec").put("clusterIP", ip);
    spec.putArray("ports").addObject().put("name", port).put("port", number).put("protocol", "TCP");
    node.apiserver.put("/api/v1/namespaces/" + namespace + "/services/" + name, service);
  }

  private static Pod pod(String namespace, boolean links) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("p")
        .withNamespace(namespace)
        .endMetadata()
        .withNewSpec()
        .withEnableServiceLinks(links)
        .endSpec()
        .build();
  }

  private interface Asked {
    Map<String, String> of(ServiceVariables variables) throws Exception;
  }

  /** Asks on a virtual thread, where a pod's worker does. */
  private Map<String, String> ask(ClientConfig config, Asked asked) throws Exception {
    var context = ((VertxInternal) node.vertx).createVirtualThreadContext();
    var answer = Promise.<Map<String, String>>promise();
    context.runOnContext(
        v -> {
          ApiClient client = new ApiClient(node.vertx, config);
          ServiceVariables variables = new ServiceVariables(client, context);
          try {
            answer.complete(asked.of(variables));
          } catch (Exception e) {
            answer.fail(e);
          } finally {
            Future.join(variables.stop(), client.close()).otherwiseEmpty().await();
          }
        });
    return Await.result(answer.future());
  }

  private ClientConfig config(String url) {
    return ClientConfig.of(
        url, List.of(node.apiserver.authority.certificate()), new Credentials.None());
  }

  @Test
  void aPodIsToldOfKubernetesAndOfItsNamespacesServices() throws Exception {
    Map<String, String> known = ask(config(node.apiserver.url()), v -> v.of(pod("default", true)));

    assertThat(known)
        .contains(
            entry("KUBERNETES_SERVICE_HOST", "127.96.0.1"),
            entry("KUBERNETES_SERVICE_PORT", "443"),
            entry("KUBERNETES_SERVICE_PORT_HTTPS", "443"),
            entry("KUBERNETES_PORT", "tcp://127.96.0.1:443"),
            entry("KUBERNETES_PORT_443_TCP", "tcp://127.96.0.1:443"),
            entry("KUBERNETES_PORT_443_TCP_PROTO", "tcp"),
            entry("KUBERNETES_PORT_443_TCP_PORT", "443"),
            entry("KUBERNETES_PORT_443_TCP_ADDR", "127.96.0.1"),
            entry("WEB_FRONT_SERVICE_HOST", "127.96.0.7"),
            entry("WEB_FRONT_SERVICE_PORT_MAIN_PORT", "18121"))
        .allSatisfy((name, value) -> assertThat(name).doesNotMatch("(TILL|HEADLESS).*"));
  }

  @Test
  void aPodWithoutServiceLinksIsToldOfKubernetesAlone() throws Exception {
    Map<String, String> known = ask(config(node.apiserver.url()), v -> v.of(pod("shop", false)));

    assertThat(known).containsKey("KUBERNETES_SERVICE_HOST");
    assertThat(known.keySet()).allMatch(name -> name.startsWith("KUBERNETES_"));
  }

  @Test
  void withoutAnApiserverAPodWaitsAndAStaticOneGoesOn() throws Exception {
    ClientConfig away = config("https://127.10.121.9:1");
    assertThatThrownBy(() -> ask(away, v -> v.of(pod("default", true))))
        .hasMessageContaining("services have not yet been read");

    Pod fixed = pod("default", true);
    fixed.getMetadata().setAnnotations(Map.of(StaticPod.SOURCE, "file"));
    assertThat(ask(away, v -> v.of(fixed))).isEmpty();
  }

  @Test
  void theContainersOwnVariablesCanNameThemAndHoldBeforeThem() throws Exception {
    node.start(o -> o.podCidr("127.20.121.0/24"));
    node.pod(
        "web",
        "hubspoke/echo",
        p -> {
          ObjectNode env = ((ObjectNode) p.at("/spec/containers/0")).putArray("env").addObject();
          env.put("name", "KUBERNETES_SERVICE_PORT").put("value", "$(WEB_FRONT_SERVICE_PORT)");
          ((ObjectNode) p.at("/spec/containers/0"))
              .putObject("readinessProbe")
              .put("periodSeconds", 1)
              .putObject("tcpSocket")
              .put("port", 18121);
          return p;
        },
        "--port=$(KUBERNETES_SERVICE_PORT)");

    Await.until(
        "it listens on the service's port", () -> node.container("web").path("ready").asBoolean());
  }
}
