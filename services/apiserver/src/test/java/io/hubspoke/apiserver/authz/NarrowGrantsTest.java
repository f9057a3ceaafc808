package io.hubspoke.apiserver.authz;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever is given one object or one verb gets no other by asking for it in another way. */
class NarrowGrantsTest {
  private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";
  private static final String DEFAULT = "/api/v1/namespaces/default";
  private static final String LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
  private static TestApiserver server;
  private static Client admin;
  private static Client node;
  private static String nodeUid;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, options -> options);
    admin = server.admin();
    node = server.node("n1");
    nodeUid = Meta.uid(made(admin.post("/api/v1/nodes", json("{'metadata':{'name':'n1'}}"))));
    for (String name : new String[] {"granted", "other"}) {
      made(admin.post(DEFAULT + "/secrets", json("{'metadata':{'name':'" + name + "'}}")));
    }
    made(
        admin.post(
            DEFAULT + "/pods",
            json(
                "{'metadata':{'name':'p'},'spec':{'nodeName':'n1','containers':[{'name':'c',"
                    + "'image':'hubspoke/pause'}],"
                    + "'volumes':[{'name':'v','secret':{'secretName':'granted'}}]}}")));
    grant("reader", "", "secrets", "'get','list','watch'", "'granted'");
    grant("updater", "coordination.k8s.io", "leases", "'get','update'", "");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aWatchOfOneObjectByItsPathSendsNoOther() throws Exception {
    for (Client client : new Client[] {node, server.client("reader")}) {
      String watched =
          client.get("/api/v1/watch/namespaces/default/secrets/granted?timeoutSeconds=1").text();
      assertThat(watched).contains("\"granted\"").doesNotContain("\"other\"");
    }
  }

  @Test
  void aSelectorBesideAPathsNameMustNameTheSame() throws Exception {
    String path =
        "/api/v1/watch/namespaces/default/secrets/granted?timeoutSeconds=1&fieldSelector=";
    for (String selector : new String[] {"metadata.name%3Dother", "type%3DOpaque"}) {
      Answer refused = node.get(path + selector);
      assertThat(refused.code()).as(selector).isEqualTo(400);
      assertThat(refused.message())
          .isEqualTo("fieldSelector metadata.name doesn't match requested name");
    }
    assertThat(node.get(path + "metadata.name%3Dgranted").text()).contains("\"granted\"");
  }

  @Test
  void aListByNameHasThatObjectAlone() throws Exception {
    String path = DEFAULT + "/secrets?fieldSelector=metadata.name%3D";
    Client reader = server.client("reader");
    assertThat(reader.get(path + "granted").json().path("items")).hasSize(1);
    assertThat(reader.get(path + "other").code()).isEqualTo(403);
    assertThat(reader.get(path + "granted,metadata.name%3Dother").code()).isEqualTo(403);
    assertThat(reader.get(DEFAULT + "/secrets").code()).isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'volumes':[{'name':'v','azureFile':{'secretName':'other','shareName':'s'}}]",
        "'volumes':[{'name':'v','secret':{'secretName':'other'}}]",
        "'volumes':[{'name':'v','rbd':{'image':'i','monitors':['m'],'secretRef':{'name':'other'}}}]",
        "'volumes':[{'name':'v','csi':{'driver':'d','nodePublishSecretRef':{'name':'other'}}}]",
        "'volumes':[{'name':'v','projected':{'sources':[{'secret':{'name':'other'}}]}}]",
        "'volumes':[{'name':'v','persistentVolumeClaim':{'claimName':'other'}}]",
        "'volumes':[{'name':'v','configMap':{'name':'other'}}]",
        "'imagePullSecrets':[{'name':'other'}]",
        "'serviceAccount':'other'",
        "'initContainers':[{'name':'i','image':'a','envFrom':[{'secretRef':{'name':'other'}}]}]"
      })
  void aMirrorPodRefersToNothing(String reference) throws Exception {
    Answer refused = node.post(DEFAULT + "/pods", mirror("refers", "," + reference));
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message()).contains("can not create pods that reference");
    assertThat(node.get(DEFAULT + "/secrets/other").code()).isEqualTo(403);
  }

  @Test
  void aMirrorPodRemainsOne() throws Exception {
    ObjectNode pod = made(node.post(DEFAULT + "/pods", mirror("mirror", "")));
    Meta.of(pod).withObject("annotations").remove("kubernetes.io/config.mirror");
    Answer removed = node.put(DEFAULT + "/pods/mirror/status", pod);
    assertThat(removed.code()).isEqualTo(422);
    assertThat(removed.message()).contains("may not remove or update mirror pod annotation");
    assertThat(admin.put(DEFAULT + "/pods/mirror", pod).code()).isEqualTo(422);
    Meta.of(pod).withObject("annotations").put("kubernetes.io/config.mirror", "another");
    assertThat(admin.put(DEFAULT + "/pods/mirror", pod).code()).isEqualTo(422);
  }

  @Test
  void aPodDoesNotBecomeAMirror() throws Exception {
    ObjectNode pod = admin.get(DEFAULT + "/pods/p").json();
    Meta.of(pod).withObject("annotations").put("kubernetes.io/config.mirror", "x");
    for (String path : new String[] {"/pods/p", "/pods/p/status"}) {
      Answer added = admin.put(DEFAULT + path, pod);
      assertThat(added.code()).as(path).isEqualTo(422);
      assertThat(added.message()).contains("may not add mirror pod annotation");
    }
  }

  @Test
  void puttingWhatIsNotThereNeedsThePermissionToCreate() throws Exception {
    Client updater = server.client("updater");
    ObjectNode lease = json("{'metadata':{'name':'l'}}");
    Answer refused = updater.put(LEASES + "/l", lease);
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message()).contains("cannot create resource \"leases\"");
    assertThat(admin.get(LEASES + "/l").code()).isEqualTo(404);
    Answer made = admin.put(LEASES + "/l", lease);
    assertThat(made.code()).isEqualTo(201);
    assertThat(updater.put(LEASES + "/l", made.json()).code()).isEqualTo(200);
  }

  @Test
  void aNodeDoesNotChangeItsOwners() throws Exception {
    ObjectNode own = node.get("/api/v1/nodes/n1").json();
    Meta.of(own)
        .withArray("ownerReferences")
        .add(json("{'apiVersion':'v1','kind':'ConfigMap','name':'gone','uid':'u'}"));
    for (String path : new String[] {"/api/v1/nodes/n1", "/api/v1/nodes/n1/status"}) {
      Answer refused = node.put(path, own);
      assertThat(refused.code()).as(path).isEqualTo(403);
      assertThat(refused.message())
          .endsWith("node \"n1\" is not allowed to modify ownerReferences");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'status':{'volumesInUse':{'a':1}}}",
        "{'status':{'images':[{'names':['a'],'sizeBytes':'big'}]}}",
        "{'status':{'daemonEndpoints':{'kubeletEndpoint':{'Port':3000000000}}}}",
        "{'status':{'config':[]}}"
      })
  void aNodesStatusCanBeReadByTypedClients(String patch) throws Exception {
    var request =
        node.request("/api/v1/nodes/n1/status")
            .header("Content-Type", "application/merge-patch+json")
            .method("PATCH", BodyPublishers.ofByteArray(Json.bytes(json(patch))))
            .build();
    Answer refused = new Answer(node.http().send(request, BodyHandlers.ofString()));
    assertThat(refused.code()).isEqualTo(400);
    assertThat(refused.message()).contains("cannot unmarshal");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'dnsConfig':'x'",
        "'affinity':{'nodeAffinity':[]}",
        "'topologySpreadConstraints':[{'maxSkew':'1'}]",
        "'securityContext':{'runAsUser':'root'}",
        "'volumes':[{'name':'v','azureFile':{'secretName':['a']}}]"
      })
  void aPodCanBeReadByTypedClients(String field) throws Exception {
    Answer refused =
        admin.post(
            DEFAULT + "/pods",
            json(
                "{'metadata':{'name':'typed'},'spec':{'containers':[{'name':'c',"
                    + "'image':'hubspoke/pause'}],"
                    + field
                    + "}}"));
    assertThat(refused.code()).isEqualTo(400);
    assertThat(refused.message()).contains("cannot unmarshal");
  }

  private static ObjectNode mirror(String name, String fields) {
    return json(
        ("{'metadata':{'name':'%s','annotations':{'kubernetes.io/config.mirror':'x'},"
                + "'ownerReferences':[{'apiVersion':'v1','kind':'Node','name':'n1','uid':'%s',"
                + "'controller':true}]},"
                + "'spec':{'nodeName':'n1','containers':[{'name':'c','image':'hubspoke/pause'}]%s}}")
            .formatted(name, nodeUid, fields));
  }

  private static void grant(String user, String group, String resource, String verbs, String names)
      throws Exception {
    made(
        admin.post(
            RBAC + "/clusterroles",
            json(
                "{'metadata':{'name':'%s'},'rules':[{'apiGroups':['%s'],'resources':['%s'],'verbs':[%s],'resourceNames':[%s]}]}"
                    .formatted(user, group, resource, verbs, names))));
    made(
        admin.post(
            RBAC + "/clusterrolebindings",
            json(
                ("{'metadata':{'name':'%s'},'roleRef':{'apiGroup':'rbac.authorization.k8s.io',"
                        + "'kind':'ClusterRole','name':'%s'},"
                        + "'subjects':[{'kind':'User','name':'%s'}]}")
                    .formatted(user, user, user))));
  }

  private static ObjectNode made(Answer answer) {
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
    return answer.json();
  }

  private static ObjectNode json(String text) {
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }
}
