package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StaticPodsTest {
  private static final String MIRROR = TestNode.PODS + "web-n1";

  @TempDir private Path directory;
  private Path manifests;
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    manifests = Files.createDirectory(directory.resolve("manifests"));
    node =
        new TestNode(directory, "127.10.109.1")
            .start(o -> o.podCidr("127.20.109.0/24").podManifestPath(manifests));
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  private static String manifest(String name, String image) {
    return """
        apiVersion: v1
        kind: Pod
        metadata:
          name: %s
          labels: {app: web}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: main
            image: %s
        """
        .formatted(name, image);
  }

  private void write(String file, String content) throws Exception {
    // As a whole, so that no half of it is read.
    Path fresh = Files.writeString(directory.resolve("." + file), content);
    Files.move(fresh, manifests.resolve(file), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  private void untilRuns(String image) throws Exception {
    Await.until(
        image + " runs",
        () -> node.container("web-n1"),
        c -> c.at("/state").has("running") && c.path("image").asText().equals(image));
  }

  @Test
  void a_manifest_runs_and_is_shown_in_the_api_as_long_as_it_is_there() throws Exception {
    write("web.yaml", manifest("web", "hubspoke/pause"));
    untilRuns("hubspoke/pause");
    ObjectNode mirror = node.apiserver.get(MIRROR);
    String hash = mirror.at("/metadata/annotations/kubernetes.io~1config.hash").asText();
    assertThat(mirror.at("/metadata/annotations/kubernetes.io~1config.mirror").asText())
        .isEqualTo(hash)
        .isNotEmpty();
    assertThat(mirror.at("/metadata/annotations/kubernetes.io~1config.source").asText())
        .isEqualTo("file");
    assertThat(mirror.at("/metadata/ownerReferences/0/kind").asText()).isEqualTo("Node");
    assertThat(mirror.at("/spec/nodeName").asText()).isEqualTo("n1");
    assertThat(mirror.at("/status/phase").asText()).isEqualTo("Running");

    write("web.yaml", manifest("web", "hubspoke/ticker"));
    untilRuns("hubspoke/ticker");
    assertThat(
            node.apiserver
                .get(MIRROR)
                .at("/metadata/annotations/kubernetes.io~1config.hash")
                .asText())
        .isNotEqualTo(hash);

    Files.delete(manifests.resolve("web.yaml"));
    Await.until("it is gone", () -> node.apiserver.get(MIRROR).isEmpty());
  }

  @Test
  void deleting_what_is_shown_in_the_api_ends_nothing() throws Exception {
    write(
        "web.json",
        "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"web\"},"
            + " \"spec\": {\"containers\": [{\"name\": \"main\", \"image\": \"hubspoke/pause\"}]}}");
    untilRuns("hubspoke/pause");
    ObjectNode first = node.apiserver.get(MIRROR);
    String container = node.container("web-n1").path("containerID").asText();
    node.apiserver.remove(MIRROR);
    untilRuns("hubspoke/pause");
    node.delete("web-n1", 30);
    Await.until(
        "a third one",
        () -> node.apiserver.get(MIRROR),
        m -> !m.isEmpty() && !m.path("metadata").has("deletionTimestamp"));
    untilRuns("hubspoke/pause");
    assertThat(node.container("web-n1").path("containerID").asText()).isEqualTo(container);
    assertThat(node.apiserver.get(MIRROR).at("/metadata/uid").asText())
        .isNotEqualTo(first.at("/metadata/uid").asText());
  }

  @Test
  void a_broken_manifest_is_told_and_keeps_no_other_back() throws Exception {
    write("broken.yaml", "kind: Pod\n  apiVersion: {");
    write("service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n");
    write("out.yaml", manifest("../../out", "hubspoke/pause"));
    write("web.yaml", manifest("web", "hubspoke/pause"));
    untilRuns("hubspoke/pause");
    Await.until(
        "what is wrong",
        () -> node.apiserver.list("/api/v1/namespaces/default/events/").toString(),
        events ->
            events.contains("broken.yaml: ")
                && events.contains("service.yaml: expected a Pod of v1")
                && events.contains("is no lower-case DNS name"));
  }
}
