package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.testing.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What containers with a file system of their own see of their pod; Linux gives that to root. */
class PodOfProcessesTest {
  @TempDir private Path directory;
  private TestNode node;

  @BeforeEach
  void start() throws Exception {
    assumeTrue(
        "root".equals(System.getProperty("user.name"))
            && System.getProperty("os.name").equals("Linux"),
        "containers have no file system of their own here: not root on Linux");
    node =
        new TestNode(directory, "127.10.110.1")
            .start(
                o ->
                    o.podCidr("127.77.110.0/24")
                        .containerRuntimeEndpoint(RuntimeEndpoint.parse("process://")));
  }

  @AfterEach
  void stop() throws Exception {
    if (node != null) {
      node.stop();
    }
  }

  private static JsonNode json(String text) {
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private static UnaryOperator<ObjectNode> spec(String fields, String containerFields) {
    return pod -> {
      ObjectNode spec = (ObjectNode) pod.path("spec");
      spec.put("restartPolicy", "Never");
      spec.setAll((ObjectNode) json("{" + fields + "}"));
      ((ObjectNode) spec.at("/containers/0"))
          .setAll((ObjectNode) json("{" + containerFields + "}"));
      return pod;
    };
  }

  private JsonNode ended(String pod) throws Exception {
    Await.until("it has ended", () -> node.container(pod).at("/state").has("terminated"));
    return node.container(pod).at("/state/terminated");
  }

  @Test
  void aContainerSeesItsVolumesAndItsVariablesAndSaysItsLastWords() throws Exception {
    ObjectNode map = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    map.putObject("metadata").put("name", "settings").put("namespace", "default");
    map.putObject("data").put("color", "red").put("deep", "blue");
    node.apiserver.put("/api/v1/namespaces/default/configmaps/settings", map);
    Path host = Files.createDirectory(directory.resolve("host"));
    Files.writeString(host.resolve("file"), "of-the-node");
    node.pod(
        "reader",
        "hubspoke/host",
        spec(
            """
            'volumes':[{'name':'settings','configMap':{'name':'settings'}},
              {'name':'scratch','emptyDir':{}},{'name':'memory','emptyDir':{'medium':'Memory','sizeLimit':'1Mi'}},
              {'name':'host','hostPath':{'path':'%s','type':'Directory'}},
              {'name':'self','downwardAPI':{'items':[{'path':'cpu','resourceFieldRef':
                {'containerName':'main','resource':'limits.cpu','divisor':'1m'}}]}}],
            'initContainers':[{'name':'before','image':'hubspoke/host',
              'command':['/bin/sh','-c','echo from-init > /scratch/word'],
              'volumeMounts':[{'name':'scratch','mountPath':'/scratch'}]}]
            """
                .formatted(host),
            """
            'resources':{'limits':{'cpu':'250m'}},
            'env':[{'name':'WHO','value':'reader'},{'name':'HELLO','value':'hello $(WHO)'}],
            'command':['/bin/sh','-c'],
            'args':['cat /settings/color /one /scratch/word /host/file /self/cpu > /dev/termination-log; echo >> /dev/termination-log; echo $(HELLO) >> /dev/termination-log; touch /settings/x || echo read-only >> /dev/termination-log; df -k /memory | tail -1 >> /dev/termination-log; exit 3'],
            'volumeMounts':[{'name':'settings','mountPath':'/settings'},
              {'name':'settings','mountPath':'/one','subPath':'deep'},
              {'name':'scratch','mountPath':'/scratch'},{'name':'memory','mountPath':'/memory'},
              {'name':'host','mountPath':'/host','readOnly':true},
              {'name':'self','mountPath':'/self'}]
            """));
    JsonNode end = ended("reader");
    assertThat(end.path("exitCode").asInt()).isEqualTo(3);
    List<String> words = end.path("message").asText().lines().toList();
    assertThat(String.join("\n", words))
        .startsWith("redbluefrom-init\nof-the-node250\nhello reader\n")
        .contains("read-only")
        .containsPattern("tmpfs +1024 ");
    node.delete("reader", 0);
    Await.until(
        "nothing of it is left",
        () -> {
          try (var pods = Files.list(directory.resolve("pods"))) {
            return pods.findAny().isEmpty();
          }
        });
  }

  @Test
  void commandsInTheContainerTellHowItIsAndWhatToDoBeforeItsEnd() throws Exception {
    Path host = Files.createDirectory(directory.resolve("host"));
    node.pod(
        "probed",
        "hubspoke/host",
        spec(
            "'volumes':[{'name':'host','hostPath':{'path':'" + host + "'}}]",
            """
            'command':['/bin/sh','-c','sleep 1000 & wait'],
            'volumeMounts':[{'name':'host','mountPath':'/host'}],
            'readinessProbe':{'exec':{'command':['/bin/sh','-c','test -e /host/ready || { echo not yet; exit 1; }']},
              'periodSeconds':1},
            'lifecycle':{'postStart':{'exec':{'command':['/bin/sh','-c','echo started > /host/hook']}},
              'preStop':{'exec':{'command':['/bin/sh','-c','echo stopped > /host/hook']}}}
            """));
    Await.until(
        "it isn't ready, which is told",
        () -> node.events(),
        events -> events.stream().anyMatch(e -> e.contains("Readiness probe failed: not yet")));
    assertThat(host.resolve("hook")).hasContent("started");
    assertThat(node.container("probed").path("ready").asBoolean()).isFalse();
    Files.createFile(host.resolve("ready"));
    Await.until("it is ready", () -> node.container("probed").path("ready").asBoolean());
    node.delete("probed", 5);
    Await.until("it is gone", () -> node.apiserver.get(TestNode.PODS + "probed").isEmpty());
    assertThat(host.resolve("hook")).hasContent("stopped");
  }
}
