package io.hubspoke.apiserver.authz;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.authz.PodReferences.Kind;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class NodeGraphTest {
  private final NodeGraph graph = new NodeGraph();

  @Test
  void aNodeHasWhatItsPodsReferToInTheirNamespace() {
    graph.pod("team", "web", web("n1", "u1"));
    for (String secret :
        new String[] {"env", "from", "pull", "vol", "proj", "csi", "drv", "init"}) {
      assertThat(graph.refers("n1", Kind.SECRET, "team", secret)).as(secret).isTrue();
    }
    for (String map : new String[] {"env", "from", "vol", "proj"}) {
      assertThat(graph.refers("n1", Kind.CONFIG_MAP, "team", map)).as(map).isTrue();
    }
    assertThat(graph.refers("n1", Kind.SERVICE_ACCOUNT, "team", "robot")).isTrue();
    assertThat(graph.refers("n1", Kind.CLAIM, "team", "data")).isTrue();
    assertThat(graph.refers("n1", Kind.CLAIM, "team", "web-scratch")).isTrue();
    assertThat(graph.runs("n1", "team", "web")).isTrue();

    assertThat(graph.refers("n1", Kind.SECRET, "other", "env")).isFalse();
    assertThat(graph.refers("n2", Kind.SECRET, "team", "env")).isFalse();
    assertThat(graph.refers("n1", Kind.SECRET, "team", "data")).isFalse();
    assertThat(graph.runs("n2", "team", "web")).isFalse();
  }

  @Test
  void whatNoPodRefersToAnyMoreIsLost() {
    graph.pod("team", "web", web("n1", "u1"));
    graph.pod("team", "web2", web("n1", "u2"));
    graph.pod("team", "web", null);
    assertThat(graph.refers("n1", Kind.SECRET, "team", "env")).isTrue();
    // Deleted and made again elsewhere under the same name.
    graph.pod("team", "web2", web("n2", "u3"));
    assertThat(graph.refers("n1", Kind.SECRET, "team", "env")).isFalse();
    assertThat(graph.refers("n2", Kind.SECRET, "team", "env")).isTrue();
    graph.pod("team", "web2", null);
    assertThat(graph.refers("n2", Kind.SECRET, "team", "env")).isFalse();
    assertThat(graph.runs("n2", "team", "web2")).isFalse();
  }

  @Test
  void aPodThatIsNotBoundYetGivesNothing() {
    ObjectNode pod = web("", "u1");
    graph.pod("team", "web", pod);
    assertThat(graph.refers("", Kind.SECRET, "team", "env")).isFalse();
    graph.pod("team", "web", web("n1", "u1"));
    assertThat(graph.refers("n1", Kind.SECRET, "team", "env")).isTrue();
  }

  @Test
  void aMirrorPodGivesNothingButItself() {
    ObjectNode pod = web("n1", "u1");
    pod.withObject("/metadata/annotations").put("kubernetes.io/config.mirror", "x");
    graph.pod("team", "web", pod);
    assertThat(graph.runs("n1", "team", "web")).isTrue();
    assertThat(graph.refers("n1", Kind.SECRET, "team", "env")).isFalse();
  }

  @Test
  void anEphemeralContainersSecretIsAdded() {
    graph.pod("team", "web", web("n1", "u1"));
    ObjectNode debugged = web("n1", "u1");
    debugged
        .withObject("/spec")
        .set(
            "ephemeralContainers",
            parse("{\"a\": [{\"envFrom\": [{\"secretRef\": {\"name\": \"debug\"}}]}]}").get("a"));
    graph.pod("team", "web", debugged);
    assertThat(graph.refers("n1", Kind.SECRET, "team", "debug")).isTrue();
    assertThat(graph.refers("n1", Kind.SECRET, "team", "env")).isTrue();
    graph.pod("team", "web", null);
    assertThat(graph.refers("n1", Kind.SECRET, "team", "env")).isFalse();
  }

  @Test
  void aClaimsVolumeAndTheSecretsThatAKubeletNeedsForItFollow() {
    graph.pod("team", "web", web("n1", "u1"));
    ObjectNode volume =
        parse(
            """
            {"spec": {"claimRef": {"namespace": "team", "name": "data"},
              "csi": {"driver": "d",
                "nodeStageSecretRef": {"name": "stage", "namespace": "storage"},
                "controllerPublishSecretRef": {"name": "control", "namespace": "storage"}},
              "rbd": {"secretRef": {"name": "same-namespace"}}}}
            """);
    graph.volume("pv", volume);
    assertThat(graph.hasVolume("n1", "pv")).isTrue();
    assertThat(graph.hasVolume("n2", "pv")).isFalse();
    assertThat(graph.refers("n1", Kind.SECRET, "storage", "stage")).isTrue();
    assertThat(graph.refers("n1", Kind.SECRET, "team", "same-namespace")).isTrue();
    assertThat(graph.refers("n1", Kind.SECRET, "storage", "control")).isFalse();
    assertThat(graph.refers("n2", Kind.SECRET, "storage", "stage")).isFalse();

    volume.withObject("/spec/claimRef").put("name", "unrelated");
    graph.volume("pv", volume);
    assertThat(graph.hasVolume("n1", "pv")).isFalse();
    assertThat(graph.refers("n1", Kind.SECRET, "storage", "stage")).isFalse();
    graph.volume("pv", null);
    assertThat(graph.hasVolume("n1", "pv")).isFalse();
  }

  @Test
  void anAttachmentBelongsToItsNode() {
    graph.attachment("a", parse("{\"spec\": {\"nodeName\": \"n1\"}}"));
    assertThat(graph.hasAttachment("n1", "a")).isTrue();
    assertThat(graph.hasAttachment("n2", "a")).isFalse();
    graph.attachment("a", null);
    assertThat(graph.hasAttachment("n1", "a")).isFalse();
  }

  private static ObjectNode web(String node, String uid) {
    return parse(
        """
        {"metadata": {"name": "web", "uid": "%s"},
         "spec": {"nodeName": "%s", "serviceAccountName": "robot",
           "imagePullSecrets": [{"name": "pull"}],
           "initContainers": [{"envFrom": [{"secretRef": {"name": "init"}}]}],
           "containers": [{
             "env": [{"valueFrom": {"secretKeyRef": {"name": "env", "key": "k"}}},
                     {"valueFrom": {"configMapKeyRef": {"name": "env", "key": "k"}}}],
             "envFrom": [{"secretRef": {"name": "from"}}, {"configMapRef": {"name": "from"}}]}],
           "volumes": [
             {"name": "a", "secret": {"secretName": "vol"}},
             {"name": "b", "configMap": {"name": "vol"}},
             {"name": "c", "projected": {"sources": [
               {"secret": {"name": "proj"}}, {"configMap": {"name": "proj"}}]}},
             {"name": "d", "csi": {"driver": "d", "nodePublishSecretRef": {"name": "csi"}}},
             {"name": "e", "flexVolume": {"driver": "d", "secretRef": {"name": "drv"}}},
             {"name": "f", "persistentVolumeClaim": {"claimName": "data"}},
             {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {}}}]}}
        """
            .formatted(uid, node));
  }

  private static ObjectNode parse(String json) {
    return Json.parseObject(json.getBytes(StandardCharsets.UTF_8));
  }
}
