package io.hubspoke.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StrategicMergePatchTest {

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "a container is found by name|"
            + "{'spec':{'containers':[{'name':'a','image':'x'},{'name':'b','image':'y'}]}}|"
            + "{'spec':{'containers':[{'name':'b','image':'z'}]}}|"
            + "{'spec':{'containers':[{'name':'a','image':'x'},{'name':'b','image':'z'}]}}",
        "a new container comes last|"
            + "{'spec':{'containers':[{'name':'a'}]}}|{'spec':{'containers':[{'name':'b'}]}}|"
            + "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}",
        "lists in a container merge too|"
            + "{'spec':{'containers':[{'name':'a','env':[{'name':'X','value':'1'}]}]}}|"
            + "{'spec':{'containers':[{'name':'a','env':[{'name':'Y','value':'2'}]}]}}|"
            + "{'spec':{'containers':[{'name':'a','env':[{'name':'X','value':'1'},"
            + "{'name':'Y','value':'2'}]}]}}",
        "ports merge by number|"
            + "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':80}]}]}}|"
            + "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':80,'name':'w'}]}]}}|"
            + "{'spec':{'containers':[{'name':'a','ports':[{'containerPort':80,'name':'w'}]}]}}",
        "tolerations are replaced|"
            + "{'spec':{'tolerations':[{'key':'a'}]}}|{'spec':{'tolerations':[{'key':'b'}]}}|"
            + "{'spec':{'tolerations':[{'key':'b'}]}}",
        "an element is deleted|"
            + "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}|"
            + "{'spec':{'containers':[{'$patch':'delete','name':'a'}]}}|"
            + "{'spec':{'containers':[{'name':'b'}]}}",
        "a list is replaced|"
            + "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}|"
            + "{'spec':{'containers':[{'name':'c'},{'$patch':'replace'}]}}|"
            + "{'spec':{'containers':[{'name':'c'}]}}",
        "an object is replaced|{'metadata':{'labels':{'a':'1'}}}|"
            + "{'metadata':{'labels':{'$patch':'replace','b':'2'}}}|"
            + "{'metadata':{'labels':{'b':'2'}}}",
        "an object is emptied|{'metadata':{'labels':{'a':'1'}}}|"
            + "{'metadata':{'labels':{'$patch':'delete'}}}|{'metadata':{'labels':{}}}",
        "null removes|{'metadata':{'labels':{'a':'1','b':'2'}}}|"
            + "{'metadata':{'labels':{'a':null}}}|{'metadata':{'labels':{'b':'2'}}}",
        "nulls of a new object are not kept|{}|{'spec':{'a':null,'b':1}}|{'spec':{'b':1}}",
        "finalizers are a set|{'metadata':{'finalizers':['a','b']}}|"
            + "{'metadata':{'finalizers':['b','c']}}|{'metadata':{'finalizers':['a','b','c']}}",
        "a finalizer is deleted|{'metadata':{'finalizers':['a','b']}}|"
            + "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a']}}|"
            + "{'metadata':{'finalizers':['b']}}",
        "conditions merge by type|"
            + "{'status':{'conditions':[{'type':'A','status':'False'},{'type':'B'}]}}|"
            + "{'status':{'conditions':[{'type':'A','status':'True'}]}}|"
            + "{'status':{'conditions':[{'type':'A','status':'True'},{'type':'B'}]}}",
        "an order is set|{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}|"
            + "{'spec':{'$setElementOrder/containers':[{'name':'b'},{'name':'a'}],"
            + "'containers':[{'name':'b','image':'y'}]}}|"
            + "{'spec':{'containers':[{'name':'b','image':'y'},{'name':'a'}]}}",
        "an order without elements|{'spec':{'containers':[{'name':'a'},{'name':'b'},{'name':'c'}]}}|"
            + "{'spec':{'$setElementOrder/containers':[{'name':'c'},{'name':'a'}]}}|"
            + "{'spec':{'containers':[{'name':'b'},{'name':'c'},{'name':'a'}]}}",
        "only retained keys stay|"
            + "{'spec':{'volumes':[{'name':'v','emptyDir':{}}]}}|"
            + "{'spec':{'volumes':[{'$retainKeys':['name','hostPath'],'name':'v',"
            + "'hostPath':{'path':'/'}}]}}|"
            + "{'spec':{'volumes':[{'name':'v','hostPath':{'path':'/'}}]}}",
      })
  void mergesAsKubernetesDoes(String what, String target, String patch, String result) {
    ObjectNode before = json(target);

    assertThat(StrategicMergePatch.apply("", "Pod", before, json(patch))).isEqualTo(json(result));
    assertThat(before).isEqualTo(json(target));
  }

  @Test
  void listsOfOtherKindsHaveTheirOwnKeys() {
    assertThat(
            StrategicMergePatch.apply(
                "",
                "Node",
                json("{'status':{'addresses':[{'type':'Hostname','address':'a'}]}}"),
                json("{'status':{'addresses':[{'type':'InternalIP','address':'b'}]}}")))
        .isEqualTo(
            json(
                "{'status':{'addresses':[{'type':'Hostname','address':'a'},"
                    + "{'type':'InternalIP','address':'b'}]}}"));
    assertThat(
            StrategicMergePatch.apply(
                "example.com",
                "Odd",
                json("{'spec':{'containers':[{'name':'a'}]}}"),
                json("{'spec':{'containers':[{'name':'b'}]}}")))
        .isEqualTo(json("{'spec':{'containers':[{'name':'b'}]}}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "{'$patch':'explode'}|400",
        "{'spec':{'containers':[{'image':'x'}]}}|422",
        "{'spec':{'containers':['x']}}|400",
        "{'spec':{'containers':[{'name':'a','$patch':'explode'}]}}|400",
        "{'spec':{'$setElementOrder/containers':[{'name':'b'}],'containers':[{'name':'a'}]}}|400",
        "{'spec':{'$setElementOrder/containers':{},'containers':[{'name':'a'}]}}|400",
        "{'spec':{'volumes':[{'$retainKeys':['name'],'name':'v','hostPath':{}}]}}|400",
        "{'metadata':{'$deleteFromPrimitiveList/finalizers':'a'}}|400",
        "{'metadata':{'finalizers':[{}]}}|400",
      })
  void refusesMalformedDirectives(String patch, int code) {
    assertThatThrownBy(
            () ->
                StrategicMergePatch.apply(
                    "", "Pod", json("{'spec':{'containers':[{'name':'a'}]}}"), json(patch)))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  @Timeout(20)
  void longListsMergeInGoodTime() {
    ObjectNode target = Json.object();
    ObjectNode patch = Json.object();
    ArrayNode before = target.putObject("metadata").putArray("finalizers");
    ArrayNode added = patch.putObject("metadata").putArray("finalizers");
    for (int i = 0; i < 200_000; i++) {
      before.add("same");
      added.add("f" + i);
    }

    ObjectNode merged = StrategicMergePatch.apply("", "Pod", target, patch);

    assertThat(merged.path("metadata").path("finalizers")).hasSize(400_000);
  }

  @Test
  void mergesAsTheMarkersOfEachKindSay() {
    assertThat(
            StrategicMergePatch.apply(
                "policy",
                "PodDisruptionBudget",
                json("{'spec':{'selector':{'matchLabels':{'a':'b'}},'minAvailable':1}}"),
                json("{'spec':{'selector':{'matchLabels':{'c':'d'}}}}")))
        .as("a selector is replaced")
        .isEqualTo(json("{'spec':{'selector':{'matchLabels':{'c':'d'}},'minAvailable':1}}"));
    assertThat(
            StrategicMergePatch.apply(
                "batch",
                "CronJob",
                json(
                    "{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':"
                        + "[{'name':'a'}]}}}}}}"),
                json(
                    "{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':"
                        + "[{'name':'b'}]}}}}}}")))
        .hasToString(
            json("{'spec':{'jobTemplate':{'spec':{'template':{'spec':{'containers':"
                    + "[{'name':'a'},{'name':'b'}]}}}}}}")
                .toString());
    assertThat(
            StrategicMergePatch.apply(
                "example.org",
                "Thing",
                json("{'metadata':{'finalizers':['a']},'spec':{'list':[1]}}"),
                json("{'metadata':{'finalizers':['b']},'spec':{'list':[2]}}")))
        .as("of what is not built in, metadata is known")
        .isEqualTo(json("{'metadata':{'finalizers':['a','b']},'spec':{'list':[2]}}"));
  }

  private static ObjectNode json(String text) {
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }
}
