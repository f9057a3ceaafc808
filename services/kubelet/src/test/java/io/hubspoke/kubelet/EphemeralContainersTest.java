package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.testing.Await;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Containers that are added to a running pod. */
class EphemeralContainersTest {
  @TempDir private Path directory;
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = new TestNode(directory, "127.10.122.1").start(o -> o.podCidr("127.20.122.0/24"));
    node.pod("web", "hubspoke/echo", p -> p, "--port=18122");
    Await.until("it runs", () -> node.container("web").path("ready").asBoolean());
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  private void add(String name, String image, String target) {
    ObjectNode pod = node.apiserver.get(TestNode.PODS + "web");
    ObjectNode added = ((ObjectNode) pod.path("spec")).withArray("ephemeralContainers").addObject();
    added.put("name", name).put("image", image);
    if (!target.isEmpty()) {
      added.put("targetContainerName", target);
    }
    node.apiserver.put(TestNode.PODS + "web", pod);
  }

  private JsonNode status(int index) {
    return node.status("web").path("ephemeralContainerStatuses").path(index);
  }

  @Test
  void oneThatIsAddedRunsBesideTheOthersAndEndsWithThePod() throws Exception {
    add("look", "hubspoke/ticker", "");

    Await.until("it runs", () -> status(0).path("state").has("running"));
    assertThat(status(0).path("name").asText()).isEqualTo("look");
    assertThat(node.status("web").path("phase").asText()).isEqualTo("Running");
    assertThat(node.events()).contains("Started: Started container look");

    node.delete("web", 1);
    Await.until("the pod is gone", () -> node.apiserver.get(TestNode.PODS + "web").isEmpty());
    assertThat(node.events()).contains("Killing: Stopping container look");
  }

  @Test
  void oneThatCanNotBeHadSaysWhyAndThePodGoesOn() throws Exception {
    add("far", "registry/none", "");
    add("inside", "hubspoke/ticker", "main");

    Await.until(
        "it waits", () -> status(0).at("/state/waiting/reason").asText().contains("ImagePull"));
    Await.until(
        "what it may not have is told",
        () -> status(1).at("/state/waiting/message").asText(),
        m -> m.startsWith("targetContainerName \"main\" is not supported"));
    assertThat(node.container("web").path("ready").asBoolean()).isTrue();
    assertThat(node.status("web").path("phase").asText()).isEqualTo("Running");
  }
}
