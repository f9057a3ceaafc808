package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Written.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may look into a pod, or give it more room, changes nothing else of it. */
class PodSubresourcesTest {
  private static final Written PODS = Written.as(ResourceTable.PODS);
  private static final ObjectNode POD =
      PODS.create(
          "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'a/b:1',"
              + "'resources':{'limits':{'cpu':'2'},'requests':{'cpu':'1','memory':'1Gi'}}}]}}");

  @Test
  void anEphemeralContainerIsAddedAndNothingElseChanges() {
    ObjectNode sent = with("{'name':'look','image':'busybox','targetContainerName':'c'}");
    sent.withObject("metadata").putObject("labels").put("a", "b");
    sent.withObject("spec").put("nodeName", "n");

    ObjectNode made = PODS.update(POD, "ephemeralcontainers", sent);

    assertThat(PODS.errors(POD, "ephemeralcontainers", sent)).isEmpty();
    ObjectNode before = made.deepCopy();
    before.withObject("spec").remove("ephemeralContainers");
    before.withObject("metadata").put("generation", 1);
    assertThat(before).isEqualTo(POD);
    assertThat(made.path("metadata").path("generation").asInt()).isEqualTo(2);
    assertThat(
            made.path("spec").path("ephemeralContainers").get(0).path("imagePullPolicy").asText())
        .isEqualTo("Always");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'name':'c','image':'x'} | spec.ephemeralContainers[0].name: Duplicate value: \"c\"",
        "{'name':'d'} | spec.ephemeralContainers[0].image: Required value",
        "{'name':'d','image':'x','targetContainerName':'z'} |"
            + " spec.ephemeralContainers[0].targetContainerName: Not found: \"z\"",
        "{'name':'d','image':'x','ports':[{'containerPort':1}]} |"
            + " spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral"
            + " Container",
      })
  void anEphemeralContainersErrorsNameTheField(String container, String error) {
    assertThat(PODS.errors(POD, "ephemeralcontainers", with(container))).containsExactly(error);
  }

  @Test
  void anEphemeralContainerStays() {
    ObjectNode old = PODS.update(POD, "ephemeralcontainers", with("{'name':'d','image':'x'}"));
    assertThat(PODS.errors(old, "ephemeralcontainers", POD))
        .containsExactly(
            "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be"
                + " removed\n");
    assertThat(PODS.errors(old, "ephemeralcontainers", with("{'name':'d','image':'y'}")))
        .containsExactly(
            "spec.ephemeralContainers: Forbidden: existing ephemeral containers \"d\" may not be"
                + " changed\n");
    assertThat(PODS.errors(old, "", POD)).isNotEmpty();
  }

  @Test
  void aResizeGivesMoreRoomAndChangesNothingElse() {
    ObjectNode sent = resized("{'limits':{'cpu':'4'},'requests':{'cpu':'2','memory':'1Gi'}}");
    ObjectNode container = (ObjectNode) sent.path("spec").path("containers").get(0);
    container.put("image", "other");

    ObjectNode made = PODS.update(POD, "resize", sent);

    assertThat(PODS.errors(POD, "resize", sent)).isEmpty();
    assertThat(made.path("spec").path("containers").get(0).path("image").asText())
        .isEqualTo("a/b:1");
    assertThat(made.path("spec").path("containers").get(0).path("resources"))
        .isEqualTo(json("{'limits':{'cpu':'4'},'requests':{'cpu':'2','memory':'1Gi'}}"));
  }

  @Test
  void aResizeKeepsTheQualityOfServiceAndWhatIsLimited() {
    assertThat(PODS.errors(POD, "resize", resized("{}")))
        .contains(
            "spec: Invalid value: \"BestEffort\": Pod QOS Class may not change as a result of"
                + " resizing",
            "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed");
    assertThat(
            PODS.errors(
                POD,
                "resize",
                resized(
                    "{'limits':{'cpu':'2','x.io/gpu':'1'},'requests':{'cpu':'1','memory':'1Gi',"
                        + "'x.io/gpu':'1'}}")))
        .contains("spec: Forbidden: only cpu and memory resources are mutable");
    ObjectNode running = POD.deepCopy();
    running
        .withObject("status")
        .withArray("containerStatuses")
        .addObject()
        .putObject("state")
        .putObject("running");
    assertThat(
            PODS.errors(
                running,
                "resize",
                resized("{'limits':{'cpu':'3'},'requests':{'cpu':'1','memory':'1Gi'}}")))
        .containsExactly("spec: Forbidden: Pod running on node without support for resize");
  }

  private static ObjectNode with(String ephemeral) {
    ObjectNode pod = POD.deepCopy();
    pod.withObject("spec").withArray("ephemeralContainers").add(json(ephemeral));
    return pod;
  }

  private static ObjectNode resized(String resources) {
    ObjectNode pod = POD.deepCopy();
    ((ObjectNode) pod.path("spec").path("containers").get(0)).set("resources", json(resources));
    return pod;
  }
}
