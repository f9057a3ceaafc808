package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Written.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PodStrategyTest {
  private static final Written PODS = Written.as(ResourceTable.PODS);
  private static final String POD =
      "{'metadata':{'name':'p'},'spec':{'containers':[{'name':'c','image':'a/b:1'}]}}";

  @Test
  void fillsInWhatAPodLeavesOut() {
    ObjectNode spec = (ObjectNode) PODS.create(POD).path("spec");
    assertThat(spec.path("restartPolicy").asText()).isEqualTo("Always");
    assertThat(spec.path("dnsPolicy").asText()).isEqualTo("ClusterFirst");
    assertThat(spec.path("schedulerName").asText()).isEqualTo("default-scheduler");
    assertThat(spec.path("terminationGracePeriodSeconds").asInt()).isEqualTo(30);
    assertThat(spec.path("serviceAccountName").asText()).isEqualTo("default");
    assertThat(spec.path("enableServiceLinks").asBoolean()).isTrue();
    assertThat(spec.path("tolerations")).hasSize(2);
    assertThat(spec.path("containers").get(0))
        .isEqualTo(
            json(
                "{'name':'c','image':'a/b:1','terminationMessagePath':'/dev/termination-log',"
                    + "'terminationMessagePolicy':'File','imagePullPolicy':'IfNotPresent',"
                    + "'resources':{}}"));
  }

  @Test
  void comesWithoutEphemeralContainersAndGetsNoneOfAnyName() {
    String debugged =
        POD.replace(
            "'containers'", "'ephemeralContainers':[{'name':'../x?y','image':'i'}],'containers'");
    assertThat(PODS.errors(debugged))
        .contains("spec.ephemeralContainers: Forbidden: cannot be set on create")
        .anyMatch(
            error ->
                error.startsWith("spec.ephemeralContainers[0].name: Invalid value: \"../x?y\""));
  }

  @ParameterizedTest
  @CsvSource({
    "nginx, Always",
    "nginx:latest, Always",
    "nginx:1.27, IfNotPresent",
    "reg.example:5000/nginx, Always",
    "nginx@sha256:ab, IfNotPresent",
  })
  void pullsWhatMayChange(String image, String policy) {
    var container = PODS.create(POD.replace("a/b:1", image)).path("spec").path("containers").get(0);
    assertThat(container.path("imagePullPolicy").asText()).isEqualTo(policy);
  }

  @ParameterizedTest
  @CsvSource({
    "/etc/passwd, must be a relative path",
    "../out, must not contain '..'",
    "a/../../out, must not contain '..'",
    "..data, must not start with '..'",
  })
  void mountsNothingOutsideItsVolumes(String file, String why) {
    String volumes =
        ("'volumes':[{'name':'v','projected':{'sources':[{'downwardAPI':{'items':[{'path':'%1$s',"
                + "'fieldRef':{'fieldPath':'metadata.name'}}]}},{'serviceAccountToken':{'path':"
                + "'%1$s'}}]}},{'name':'s','secret':{'secretName':'s','items':[{'key':'k','path':"
                + "'%1$s'}]}}],'containers'")
            .formatted(file);
    String invalid = "path: Invalid value: \"" + file + "\": " + why;
    assertThat(PODS.errors(POD.replace("'containers'", volumes)))
        .containsExactly(
            "spec.volumes[0].projected.sources[0].downwardAPI.items[0]." + invalid,
            "spec.volumes[0].projected.sources[1].serviceAccountToken." + invalid,
            "spec.volumes[1].secret.items[0]." + invalid);
    if (!why.contains("start")) {
      String mounts = "'volumeMounts':[{'name':'v','mountPath':'/m','subPath':'%s'}],'image'";
      assertThat(
              PODS.errors(
                  POD.replace("'image'", mounts.formatted(file))
                      .replace(
                          "'containers'", "'volumes':[{'name':'v','emptyDir':{}}],'containers'")))
          .containsExactly(
              "spec.containers[0].volumeMounts[0].subPath: Invalid value: \""
                  + file
                  + "\": "
                  + why);
    }
  }

  /** The garbage collector would delete what a node has given to an owner that isn't there. */
  @Test
  void getsNoOtherOwnersByItsStatus() {
    ObjectNode old = PODS.create(POD);
    ObjectNode changed = old.deepCopy();
    changed
        .withObject("metadata")
        .putArray("ownerReferences")
        .add(json("{'apiVersion':'apps/v1','kind':'ReplicaSet','name':'r','uid':'u'}"));
    assertThat(PODS.update(old, "status", changed).path("metadata").has("ownerReferences"))
        .isFalse();
    ObjectNode kept = PODS.update(changed, "status", old);
    assertThat(kept.path("metadata").path("ownerReferences"))
        .isEqualTo(changed.path("metadata").path("ownerReferences"));
    assertThat(PODS.update(old, "", changed).path("metadata").path("ownerReferences")).hasSize(1);
  }

  @Test
  void beginsPendingWhateverStatusItComesWith() {
    ObjectNode pod =
        PODS.create(POD.replace("'spec'", "'status':{'phase':'Running','podIP':'1.2.3.4'},'spec'"));
    assertThat(pod.path("status")).isEqualTo(json("{'phase':'Pending','qosClass':'BestEffort'}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | BestEffort",
        "{'requests':{'cpu':'1'}} | Burstable",
        "{'limits':{'cpu':'1','memory':'1Gi'}} | Guaranteed",
        "{'limits':{'cpu':'1'}} | Burstable",
        "{'limits':{'cpu':'1000m','memory':'1Gi'},'requests':{'cpu':'1'}} | Guaranteed",
        "{'limits':{'cpu':'2','memory':'1Gi'},'requests':{'cpu':'1'}} | Burstable",
      })
  void hasTheQualityOfServiceThatItsResourcesMake(String resources, String quality) {
    ObjectNode pod = PODS.create(POD.replace("'image'", "'resources':" + resources + ",'image'"));
    assertThat(pod.path("status").path("qosClass").asText()).isEqualTo(quality);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{} | spec.containers: Required value",
        "{'containers':[]} | spec.containers: Required value",
        "{'containers':[{'image':'x'}]} | spec.containers[0].name: Required value",
        "{'containers':[{'name':'c'}]} | spec.containers[0].image: Required value",
        "{'containers':[{'name':'c','image':' x'}]} | spec.containers[0].image: Invalid value:"
            + " \" x\": must not have leading or trailing whitespace",
        "{'containers':[{'name':'c','image':'x'},{'name':'c','image':'x'}]} |"
            + " spec.containers[1].name: Duplicate value: \"c\"",
        "{'restartPolicy':'Sometimes','containers':[{'name':'c','image':'x'}]} |"
            + " spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\","
            + " \"Never\", \"OnFailure\"",
        "{'containers':[{'name':'c','image':'x','ports':[{'containerPort':70000}]}]} |"
            + " spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1"
            + " and 65535, inclusive",
        "{'containers':[{'name':'c','image':'x','ports':[{'name':'http'}]}]} |"
            + " spec.containers[0].ports[0].containerPort: Required value",
        "{'containers':[{'name':'c','image':'x','volumeMounts':[{'name':'v','mountPath':'/v'}]}]}"
            + " | spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
        "{'containers':[{'name':'c','image':'x','resources':{'requests':{'cpu':'2'},"
            + "'limits':{'cpu':'1'}}}]} | spec.containers[0].resources.requests: Invalid value:"
            + " \"2\": must be less than or equal to cpu limit of 1",
        "{'terminationGracePeriodSeconds':-1,'containers':[{'name':'c','image':'x'}]} |"
            + " spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or"
            + " equal to 0",
        "{'containers':[{'name':'c','image':'x','env':[{'value':'v'}]}]} |"
            + " spec.containers[0].env[0].name: Required value",
      })
  void namesTheFieldThatIsWrong(String spec, String error) {
    assertThat(PODS.errors("{'metadata':{'name':'p'},'spec':" + spec + "}")).containsExactly(error);
  }

  @Test
  void namesWhatIsWrongWithProbesVariablesAndVolumes() {
    String[][] specs = {
      {
        "{'containers':[{'name':'c','image':'x','env':[{'name':'a=b'}]}]}",
        "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='"
      },
      {
        "{'containers':[{'name':'c','image':'x','env':[{'name':'a','valueFrom':{}}]}]}",
        "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
      },
      {
        "{'containers':[{'name':'c','image':'x','envFrom':[{}]}]}",
        "spec.containers[0].envFrom[0]: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`"
      },
      {
        "{'containers':[{'name':'c','image':'x','livenessProbe':{}}]}",
        "spec.containers[0].livenessProbe: Required value: must specify a handler type"
      },
      {
        "{'containers':[{'name':'c','image':'x','readinessProbe':{'httpGet':{'port':80},'tcpSocket':{'port':80}}}]}",
        "spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"
      },
      {
        "{'containers':[{'name':'c','image':'x','readinessProbe':{'httpGet':{'port':0}}}]}",
        "spec.containers[0].readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive"
      },
      {
        "{'containers':[{'name':'c','image':'x','startupProbe':{'exec':{'command':['x']},'successThreshold':2}}]}",
        "spec.containers[0].startupProbe.successThreshold: Invalid value: 2: must be 1"
      },
      {
        "{'containers':[{'name':'c','image':'x','lifecycle':{'preStop':{'exec':{}}}}]}",
        "spec.containers[0].lifecycle.preStop.exec.command: Required value"
      },
      {
        "{'volumes':[{'name':'v','emptyDir':{},'hostPath':{'path':'/x'}}],'containers':[{'name':'c','image':'x'}]}",
        "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"
      },
      {
        "{'volumes':[{'name':'v','secret':{}}],'containers':[{'name':'c','image':'x'}]}",
        "spec.volumes[0].secret.secretName: Required value"
      },
      {
        "{'volumes':[{'name':'v','emptyDir':{}}],'containers':[{'name':'c','image':'x','volumeMounts':[{'name':'v','mountPath':'/v'},{'name':'v','mountPath':'/v'}]}]}",
        "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/v\": must be unique"
      },
    };
    for (String[] wrong : specs) {
      assertThat(PODS.errors("{'metadata':{'name':'p'},'spec':" + wrong[0] + "}"))
          .containsExactly(wrong[1]);
    }
  }

  @Test
  void hasTheSamePortsOutsideOnTheHostsNetwork() {
    String ports = "'ports':[{'containerPort':80,'hostPort':81}],'image'";
    String pod = POD.replace("'image'", ports);
    assertThat(PODS.errors(pod)).isEmpty();
    assertThat(PODS.errors(pod.replace("'containers'", "'hostNetwork':true,'containers'")))
        .containsExactly(
            "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort`"
                + " when `hostNetwork` is true");
  }

  @Test
  void namesAContainerAsADnsLabel() {
    assertThat(PODS.errors(POD.replace("'c'", "'C_1'")))
        .singleElement()
        .asString()
        .startsWith(
            "spec.containers[0].name: Invalid value: \"C_1\": a lowercase RFC 1123 label must");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'spec':{'containers':{}}} | json: cannot unmarshal object into Go struct field"
            + " PodSpec.spec.containers of type array",
        "{'spec':{'containers':[{'name':5}]}} | json: cannot unmarshal number into Go struct"
            + " field Container.spec.containers.name of type string",
        "{'spec':{'hostNetwork':'yes'}} | json: cannot unmarshal string into Go struct field"
            + " PodSpec.spec.hostNetwork of type bool",
        "{'spec':{'terminationGracePeriodSeconds':1.5}} | json: cannot unmarshal number into Go"
            + " struct field PodSpec.spec.terminationGracePeriodSeconds of type int64",
        "{'metadata':{'labels':{'a':1}}} | json: cannot unmarshal number into Go struct field"
            + " ObjectMeta.metadata.labels of type string",
        "{'status':{'startTime':'noon'}} | parsing time \"noon\" as"
            + " \"2006-01-02T15:04:05Z07:00\": cannot parse it",
        "{'spec':{'containers':[{'resources':{'limits':{'cpu':'lots'}}}]}} | quantities must match"
            + " the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      })
  void refusesFieldsOfAnotherType(String pod, String why) {
    assertThatThrownBy(() -> PODS.create(pod))
        .hasMessage("Pod in version \"v1\" cannot be handled as a Pod: " + why);
  }

  @Test
  void takesNullsForAbsentFieldsAndKeepsWhatItDoesNotKnow() {
    ObjectNode pod =
        PODS.create(
            "{'metadata':{'name':'p','creationTimestamp':null},'novel':{'a':[1],'b':null},"
                + "'spec':{'nodeName':null,'containers':[{'name':'c','image':'x','newer':7}]}}");
    assertThat(pod.path("metadata").has("creationTimestamp")).isFalse();
    assertThat(pod.path("spec").has("nodeName")).isFalse();
    assertThat(pod.path("novel")).isEqualTo(json("{'a':[1]}"));
    assertThat(pod.path("spec").path("containers").get(0).path("newer").asInt()).isEqualTo(7);
  }

  @Test
  void letsOnlyAFewFieldsOfASpecChange() {
    ObjectNode old = PODS.create(POD);
    assertThat(PODS.errors(old, "", changed(old, "spec", "activeDeadlineSeconds", "60"))).isEmpty();
    ObjectNode image = old.deepCopy();
    ((ObjectNode) image.path("spec").path("containers").get(0)).put("image", "other");
    assertThat(PODS.errors(old, "", image)).isEmpty();
    assertThat(PODS.errors(old, "", changed(old, "spec", "nodeName", "'n'")))
        .singleElement()
        .asString()
        .startsWith("spec: Forbidden: pod updates may not change fields other than");
    ObjectNode more = old.deepCopy();
    more.withObject("spec").withArray("containers").addObject().put("name", "d").put("image", "x");
    assertThat(PODS.errors(old, "", more))
        .containsExactly(
            "spec.containers: Forbidden: pod updates may not add or remove containers");
  }

  @Test
  void staysAsItIsWhenAClientLeavesOutWhatTheServerAdded() {
    ObjectNode old = json(PODS.create(POD).toString());
    ObjectNode without = old.deepCopy();
    without
        .withObject("spec")
        .remove(List.of("tolerations", "terminationGracePeriodSeconds", "dnsPolicy"));
    assertThat(PODS.errors(old, "", without)).isEmpty();
    ObjectNode own =
        PODS.create(
            POD.replace(
                "'containers'", "'tolerations':[{'key':'own','operator':'Exists'}],'containers'"));
    ObjectNode fewer = own.deepCopy();
    fewer.withObject("spec").remove("tolerations");
    assertThat(PODS.errors(own, "", fewer))
        .containsExactly(
            "spec.tolerations: Forbidden: existing toleration can not be modified except its"
                + " tolerationSeconds");
  }

  @Test
  void keepsStatusAndSpecToTheirOwnWriters() {
    ObjectNode old = PODS.create(POD);
    ObjectNode both = changed(old, "spec", "nodeName", "'n'");
    both.withObject("status").put("phase", "Running").remove("qosClass");
    ObjectNode status = PODS.update(old, "status", both);
    assertThat(status.path("spec")).isEqualTo(old.path("spec"));
    assertThat(status.path("status"))
        .isEqualTo(json("{'phase':'Running','qosClass':'BestEffort'}"));
    assertThat(PODS.update(old, "", both).path("status")).isEqualTo(old.path("status"));
  }

  @Test
  void countsGenerationsOfItsSpec() {
    ObjectNode old = PODS.create(POD);
    assertThat(old.path("metadata").path("generation").asInt()).isEqualTo(1);
    ObjectNode labelled = old.deepCopy();
    labelled.withObject("metadata").putObject("labels").put("a", "b");
    assertThat(generation(PODS.update(old, "", labelled))).isEqualTo(1);
    ObjectNode limited = changed(old, "spec", "activeDeadlineSeconds", "60");
    assertThat(generation(PODS.update(old, "", limited))).isEqualTo(2);
  }

  @Test
  void waitsForItsGracePeriodOnlyWhereSomethingRuns() {
    var strategy = ResourceTable.PODS.strategy();
    ObjectNode pod = PODS.create(POD);
    assertThat(strategy.gracePeriodSeconds(pod, OptionalLong.empty())).isZero();
    pod.withObject("spec").put("nodeName", "n");
    assertThat(strategy.gracePeriodSeconds(pod, OptionalLong.empty())).isEqualTo(30);
    assertThat(strategy.gracePeriodSeconds(pod, OptionalLong.of(5))).isEqualTo(5);
    pod.withObject("status").put("phase", "Succeeded");
    assertThat(strategy.gracePeriodSeconds(pod, OptionalLong.empty())).isZero();
  }

  private static int generation(ObjectNode object) {
    return object.path("metadata").path("generation").asInt();
  }

  private static ObjectNode changed(ObjectNode old, String part, String field, String value) {
    ObjectNode copy = old.deepCopy();
    copy.withObject(part).set(field, json("{'v':" + value + "}").get("v"));
    return copy;
  }
}
