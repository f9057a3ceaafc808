package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.testing.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProjectedVolumesTest {
  private static final String CONFIG_MAPS = "/api/v1/namespaces/default/configmaps/";
  @TempDir private Path directory;
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    node = new TestNode(directory, "127.10.107.1").start(o -> o.podCidr("127.20.107.0/24"));
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  private static UnaryOperator<ObjectNode> withAccess(String sources) {
    return pod -> {
      ObjectNode spec = (ObjectNode) pod.path("spec");
      spec.put("serviceAccountName", "runner");
      spec.setAll(
          Json.parseObject(
              ("{'volumes':[{'name':'access','projected':{'sources':[" + sources + "]}}]}")
                  .replace('\'', '"')
                  .getBytes(StandardCharsets.UTF_8)));
      return pod;
    };
  }

  private Path volume(String pod) {
    String uid = node.apiserver.get(TestNode.PODS + pod).at("/metadata/uid").asText();
    return directory.resolve("pods").resolve(uid).resolve("volumes/kubernetes.io~projected/access");
  }

  private boolean runs(String pod) {
    return node.container(pod).at("/state").has("running");
  }

  @Test
  void aPodStartsWhenItsFilesAreThereAndTheyGoWithIt() throws Exception {
    ObjectNode authority = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    authority.putObject("metadata").put("name", "kube-root-ca.crt").put("namespace", "default");
    authority.putObject("data").put("ca.crt", "PEM").put("other", "x");
    node.apiserver.put(CONFIG_MAPS + "kube-root-ca.crt", authority);
    node.pod(
        "web",
        "hubspoke/pause",
        withAccess(
            "{'serviceAccountToken':{'path':'token','expirationSeconds':3607}},"
                + "{'configMap':{'name':'kube-root-ca.crt',"
                + "'items':[{'key':'ca.crt','path':'ca.crt'}]}},"
                + "{'secret':{'name':'none','optional':true}},"
                + "{'downwardAPI':{'items':[{'path':'namespace',"
                + "'fieldRef':{'fieldPath':'metadata.namespace'}}]}}"));
    Await.until("it runs", () -> runs("web"));
    Path volume = volume("web");
    assertThat(volume.resolve("token")).hasContent("token-1-for-web");
    assertThat(volume.resolve("ca.crt")).hasContent("PEM");
    assertThat(volume.resolve("namespace")).hasContent("default");
    assertThat(volume.resolve("other")).doesNotExist();
    node.delete("web", 0);
    Await.until("its files are gone", () -> !Files.exists(volume.getParent()));
  }

  @Test
  void aTokenIsRenewedBeforeItEnds() throws Exception {
    node.apiserver.tokenSeconds(3);
    node.pod("brief", "hubspoke/pause", withAccess("{'serviceAccountToken':{'path':'token'}}"));
    Await.until("it runs", () -> runs("brief"));
    Path token = volume("brief").resolve("token");
    Await.until("the next token", () -> Files.readString(token).equals("token-2-for-brief"));
    assertThat(runs("brief")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {-2, 2})
  void aTokensLifeIsWhatWasGrantedWhateverTheApiserversClockSays(long hours) throws Exception {
    node.apiserver.tokenSeconds(3);
    node.apiserver.clock(Duration.ofHours(hours));
    var asked = System.nanoTime();
    node.pod("skewed", "hubspoke/pause", withAccess("{'serviceAccountToken':{'path':'token'}}"));
    Await.until("it runs", () -> runs("skewed"));
    var token = volume("skewed").resolve("token");
    Await.until("the next token", () -> Files.readString(token).equals("token-2-for-skewed"));
    assertThat(Duration.ofNanos(System.nanoTime() - asked)).isGreaterThan(Duration.ofSeconds(2));
  }

  @Test
  void aPodWaitsForWhatItsVolumeNamesAndSaysSo() throws Exception {
    node.pod("early", "hubspoke/pause", withAccess("{'configMap':{'name':'later'}}"));
    Await.until(
        "it says why",
        () -> node.events(),
        events ->
            events.contains(
                "FailedMount: MountVolume.SetUp failed for volume \"access\" : configmap \"later\""
                    + " not found"));
    assertThat(runs("early")).isFalse();
    ObjectNode later = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    later.putObject("metadata").put("name", "later").put("namespace", "default");
    later.putObject("data").put("a", "b");
    node.apiserver.put(CONFIG_MAPS + "later", later);
    Await.until("it runs", () -> runs("early"));
    assertThat(volume("early").resolve("a")).hasContent("b");
  }

  @Test
  void aChangedConfigMapIsSeenInTheVolumeOfARunningPod() throws Exception {
    ObjectNode map = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    map.putObject("metadata").put("name", "settings").put("namespace", "default");
    map.putObject("data").put("color", "red");
    node.apiserver.put(CONFIG_MAPS + "settings", map);
    node.pod(
        "reader",
        "hubspoke/pause",
        withAccess("{'configMap':{'name':'settings'}},{'secret':{'name':'late','optional':true}}"));
    Await.until("it runs", () -> runs("reader"));
    Path volume = volume("reader");
    assertThat(volume.resolve("color")).hasContent("red");

    ((ObjectNode) map.path("data")).put("color", "blue");
    node.apiserver.put(CONFIG_MAPS + "settings", map);
    ObjectNode late = Json.object().put("apiVersion", "v1").put("kind", "Secret");
    late.putObject("metadata").put("name", "late").put("namespace", "default");
    late.putObject("data").put("key", "a2V5");
    node.apiserver.put("/api/v1/namespaces/default/secrets/late", late);
    Await.until(
        "what it holds now",
        () ->
            Files.readString(volume.resolve("color")).equals("blue")
                && Files.exists(volume.resolve("key")));
    assertThat(volume.resolve("key")).hasContent("key");
    assertThat(node.container("reader").path("restartCount").asInt()).isZero();
  }
}
