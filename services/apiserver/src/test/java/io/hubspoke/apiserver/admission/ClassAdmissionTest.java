package io.hubspoke.apiserver.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What classes give to the objects that name them, and to those that name none. */
class ClassAdmissionTest {
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final String PRIORITIES = "/apis/scheduling.k8s.io/v1/priorityclasses";

  @TempDir static Path dir;
  private static TestApiserver server;
  private static Client admin;

  @BeforeAll
  static void start() throws Exception {
    server = new TestApiserver(dir, options -> options);
    admin = server.admin();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aPodGetsThePriorityOfItsClass() throws Exception {
    ObjectNode critical = pod("critical", "'priorityClassName':'system-node-critical',").json();
    assertThat(critical.path("spec").path("priority").asInt()).isEqualTo(2_000_001_000);
    assertThat(pod("unknown", "'priorityClassName':'none',").message())
        .isEqualTo("pods \"unknown\" is forbidden: no PriorityClass with name none was found");
    assertThat(pod("claiming", "'priority':7,").message())
        .contains("the integer value of priority (7) must not be provided in pod spec");
    assertThat(pod("plain", "").json().path("spec").path("priority").asInt()).isZero();
  }

  @Test
  void onePriorityClassAloneIsTheDefault() throws Exception {
    assertThat(
            post(
                    PRIORITIES,
                    "{'metadata':{'name':'usual'},'value':5,'globalDefault':true,"
                        + "'preemptionPolicy':'Never'}")
                .code())
        .isEqualTo(201);
    ObjectNode spec = (ObjectNode) pod("usual", "").json().path("spec");
    assertThat(spec.path("priorityClassName").asText()).isEqualTo("usual");
    assertThat(spec.path("priority").asInt()).isEqualTo(5);
    assertThat(spec.path("preemptionPolicy").asText()).isEqualTo("Never");
    assertThat(
            post(PRIORITIES, "{'metadata':{'name':'other'},'value':6,'globalDefault':true}")
                .message())
        .contains("PriorityClass usual is already marked as default. Only one default can exist");
    assertThat(admin.delete(PRIORITIES + "/usual").code()).isEqualTo(200);
  }

  @Test
  void aPodGetsWhatItsRuntimeClassCosts() throws Exception {
    assertThat(pod("lost", "'runtimeClassName':'none',").message())
        .contains("pod rejected: RuntimeClass \"none\" not found");
    post(
        "/apis/node.k8s.io/v1/runtimeclasses",
        "{'metadata':{'name':'vm'},'handler':'vm',"
            + "'overhead':{'podFixed':{'memory':'64Mi'}},'scheduling':{'nodeSelector':{'vm':'yes'}}}");
    ObjectNode spec = (ObjectNode) pod("heavy", "'runtimeClassName':'vm',").json().path("spec");
    assertThat(spec.path("overhead").path("memory").asText()).isEqualTo("64Mi");
    assertThat(spec.path("nodeSelector").path("vm").asText()).isEqualTo("yes");
  }

  @Test
  void aClaimThatNamesNoClassGetsTheDefault() throws Exception {
    String claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    String spec = "'accessModes':['ReadWriteOnce'],'resources':{'requests':{'storage':'1Gi'}}";
    post(
        "/apis/storage.k8s.io/v1/storageclasses",
        "{'metadata':{'name':'disk','annotations':{"
            + "'storageclass.kubernetes.io/is-default-class':'true'}},'provisioner':'example.com/d'}");
    assertThat(
            post(claims, "{'metadata':{'name':'a'},'spec':{" + spec + "}}")
                .json()
                .path("spec")
                .path("storageClassName")
                .asText())
        .isEqualTo("disk");
    assertThat(
            post(claims, "{'metadata':{'name':'b'},'spec':{'storageClassName':''," + spec + "}}")
                .json()
                .path("spec")
                .path("storageClassName")
                .asText())
        .isEmpty();
  }

  @Test
  void whatExtendsARealApiserverIsListedEmptyAndNotMade() throws Exception {
    String definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    assertThat(admin.get(definitions).json().path("items")).isEmpty();
    Answer refused = post(definitions, "{'metadata':{'name':'a.b'}}");
    assertThat(refused.code()).isEqualTo(405);
    assertThat(refused.message())
        .isEqualTo(
            "customresourcedefinitions.apiextensions.k8s.io can't be written: this server does not"
                + " support custom resources");
    assertThat(
            admin
                .get("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations")
                .json()
                .path("kind")
                .asText())
        .isEqualTo("ValidatingWebhookConfigurationList");
  }

  @Test
  void theApiserversAddressIsInASliceAndItsRangeIsKnown() throws Exception {
    ObjectNode slice =
        admin.get("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes").json();
    assertThat(slice.path("ports").get(0).path("port").asInt()).isEqualTo(server.port());
    assertThat(admin.get("/apis/networking.k8s.io/v1/servicecidrs/kubernetes").code())
        .isEqualTo(200);
  }

  private static Answer pod(String name, String spec) throws Exception {
    return post(
        PODS,
        "{'metadata':{'name':'"
            + name
            + "'},'spec':{"
            + spec
            + "'containers':[{'name':'c','image':'i'}]}}");
  }

  private static Answer post(String path, String body) throws Exception {
    return admin.post(
        path, Json.parseObject(body.replace('\'', '"').getBytes(StandardCharsets.UTF_8)));
  }
}
