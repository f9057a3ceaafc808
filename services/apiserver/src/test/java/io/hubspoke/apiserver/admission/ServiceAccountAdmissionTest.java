package io.hubspoke.apiserver.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceAccountAdmissionTest {
  private static TestApiserver server;
  private static TestApiserver.Client admin;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server =
        new TestApiserver(
            dir,
            options -> options.withAdmissionPlugins(List.of("NodeRestriction", "ServiceAccount")));
    admin = server.admin();
    account("default", "{}");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static void account(String name, String fields) throws Exception {
    account("default", name, fields);
  }

  private static void account(String namespace, String name, String fields) throws Exception {
    ObjectNode account = json(fields);
    account
        .put("apiVersion", "v1")
        .put("kind", "ServiceAccount")
        .putObject("metadata")
        .put("name", name);
    Answer made = admin.post("/api/v1/namespaces/" + namespace + "/serviceaccounts", account);
    assertThat(made.code()).as(made.text()).isEqualTo(201);
  }

  private static ObjectNode json(String text) {
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  private static Answer pod(String name, String spec) throws Exception {
    return pod("default", name, spec);
  }

  private static Answer pod(String namespace, String name, String spec) throws Exception {
    ObjectNode pod = Json.object().put("apiVersion", "v1").put("kind", "Pod");
    pod.putObject("metadata").put("name", name);
    ObjectNode all = json(spec);
    if (!all.has("containers")) {
      all.set("containers", json("{'c':[{'name':'c','image':'hubspoke/pause'}]}").get("c"));
    }
    pod.set("spec", all);
    return admin.post("/api/v1/namespaces/" + namespace + "/pods", pod);
  }

  @Test
  void aPodRunsAsDefaultAndGetsATokenInEachContainer() throws Exception {
    Answer made =
        pod(
            "plain",
            "{'initContainers':[{'name':'i','image':'x'}],"
                + "'containers':[{'name':'a','image':'x'},{'name':'b','image':'x'}]}");
    assertThat(made.code()).as(made.text()).isEqualTo(201);
    JsonNode spec = made.json().path("spec");
    assertThat(spec.path("serviceAccountName").asText()).isEqualTo("default");
    assertThat(spec.path("serviceAccount").asText()).isEqualTo("default");
    JsonNode volume = spec.path("volumes").path(0);
    assertThat(volume.path("name").asText()).matches("kube-api-access-[a-z0-9]{5}");
    JsonNode projected = volume.path("projected");
    assertThat(projected.path("defaultMode").asInt()).isEqualTo(420);
    assertThat(projected.at("/sources/0/serviceAccountToken/expirationSeconds").asInt())
        .isEqualTo(3607);
    assertThat(projected.at("/sources/0/serviceAccountToken/path").asText()).isEqualTo("token");
    assertThat(projected.at("/sources/1/configMap/name").asText()).isEqualTo("kube-root-ca.crt");
    assertThat(projected.at("/sources/2/downwardAPI/items/0/fieldRef/fieldPath").asText())
        .isEqualTo("metadata.namespace");
    for (String container : List.of("/initContainers/0", "/containers/0", "/containers/1")) {
      JsonNode mount = spec.at(container + "/volumeMounts/0");
      assertThat(mount.path("name")).isEqualTo(volume.path("name"));
      assertThat(mount.path("mountPath").asText())
          .isEqualTo("/var/run/secrets/kubernetes.io/serviceaccount");
      assertThat(mount.path("readOnly").asBoolean()).isTrue();
    }
  }

  @Test
  void aPodOfAnAccountThatIsNotThereIsRefused() throws Exception {
    Answer refused = pod("orphan", "{'serviceAccountName':'ghost'}");
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .isEqualTo(
            "pods \"orphan\" is forbidden: error looking up service account default/ghost:"
                + " serviceaccount \"ghost\" not found");
  }

  @Test
  void theDefaultAccountOfANewNamespaceIsWaitedForALittle() throws Exception {
    ObjectNode namespace = json("{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'new'}}");
    assertThat(admin.post("/api/v1/namespaces", namespace).code()).isEqualTo(201);
    var made =
        java.util.concurrent.CompletableFuture.supplyAsync(
            () -> {
              try {
                return pod("new", "early", "{}");
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            },
            task -> Thread.ofVirtual().start(task));
    account("new", "default", "{}");
    assertThat(made.get().code()).as(made.get().text()).isEqualTo(201);
  }

  @Test
  void tokensAreNotMountedWhereTheyAreNotWanted() throws Exception {
    account("shy", "{'automountServiceAccountToken':false}");
    assertThat(pod("shy1", "{'serviceAccountName':'shy'}").json().at("/spec/volumes").isEmpty())
        .isTrue();
    assertThat(
            pod("shy2", "{'serviceAccountName':'shy','automountServiceAccountToken':true}")
                .json()
                .at("/spec/volumes")
                .size())
        .isEqualTo(1);
    assertThat(
            pod("shy3", "{'automountServiceAccountToken':false}")
                .json()
                .at("/spec/volumes")
                .isEmpty())
        .isTrue();
  }

  @Test
  void aMountOfTheirOwnStays() throws Exception {
    Answer made =
        pod(
            "own",
            "{'volumes':[{'name':'v','emptyDir':{}}],'containers':[{'name':'c','image':'x',"
                + "'volumeMounts':[{'name':'v',"
                + "'mountPath':'/var/run/secrets/kubernetes.io/serviceaccount'}]}]}");
    assertThat(made.json().at("/spec/volumes").size()).isEqualTo(1);
    assertThat(made.json().at("/spec/containers/0/volumeMounts").size()).isEqualTo(1);
  }

  @Test
  void pullSecretsOfTheAccountAreTakenWhereThePodHasNone() throws Exception {
    account("puller", "{'imagePullSecrets':[{'name':'registry'}]}");
    assertThat(
            pod("p1", "{'serviceAccountName':'puller'}")
                .json()
                .at("/spec/imagePullSecrets/0/name")
                .asText())
        .isEqualTo("registry");
    assertThat(
            pod("p2", "{'serviceAccountName':'puller','imagePullSecrets':[{'name':'mine'}]}")
                .json()
                .at("/spec/imagePullSecrets")
                .toString())
        .isEqualTo("[{\"name\":\"mine\"}]");
  }

  @Test
  void whoReadsTheAuthenticationConfigSeesTheAuthority() throws Exception {
    String path = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
    assertThat(admin.get(path).json().at("/data/client-ca-file").asText())
        .startsWith("-----BEGIN CERTIFICATE");
    assertThat(server.client("system:kube-scheduler").get(path).code()).isEqualTo(200);
    assertThat(server.client("jane").get(path).code()).isEqualTo(403);
  }
}
