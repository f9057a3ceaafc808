package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Written.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** WorkloadResources are completed, refused and changed as Kubernetes does it. */
class WorkloadsTest {
  private static final String TEMPLATE =
      "'template':{'metadata':{'labels':{'app':'web'}},"
          + "'spec':{'containers':[{'name':'c','image':'a/b:1'}]}}";
  private static final String SELECTOR = "'selector':{'matchLabels':{'app':'web'}}";
  private static final String WEB =
      "{'metadata':{'name':'web'},'spec':{" + SELECTOR + "," + TEMPLATE + "}}";
  private static final Written DEPLOYMENTS = Written.as(WorkloadResources.DEPLOYMENTS);
  private static final Written STATEFUL_SETS = Written.as(WorkloadResources.STATEFUL_SETS);
  private static final Written DAEMON_SETS = Written.as(WorkloadResources.DAEMON_SETS);
  private static final Written CONTROLLERS = Written.as(WorkloadResources.REPLICATION_CONTROLLERS);

  @Test
  void aDeploymentIsCompletedAndSoIsItsTemplate() {
    ObjectNode spec = (ObjectNode) DEPLOYMENTS.create(WEB).path("spec");
    ObjectNode own = spec.deepCopy();
    own.remove(List.of("template", "selector"));
    assertThat(own)
        .isEqualTo(
            json(
                "{'replicas':1,'strategy':{'type':'RollingUpdate','rollingUpdate':"
                    + "{'maxUnavailable':'25%','maxSurge':'25%'}},'revisionHistoryLimit':10,"
                    + "'progressDeadlineSeconds':600}"));
    assertThat(spec.path("template").path("spec"))
        .isEqualTo(
            json(
                "{'containers':[{'name':'c','image':'a/b:1',"
                    + "'terminationMessagePath':'/dev/termination-log',"
                    + "'terminationMessagePolicy':'File','imagePullPolicy':'IfNotPresent',"
                    + "'resources':{}}],'restartPolicy':'Always',"
                    + "'terminationGracePeriodSeconds':30,'dnsPolicy':'ClusterFirst',"
                    + "'schedulerName':'default-scheduler','securityContext':{}}"));
  }

  @Test
  void whatBelongsToPodsAloneIsNotWrittenIntoTemplates() {
    JsonNode spec =
        DEPLOYMENTS
            .create(
                WEB.replace(
                    "'spec':{'containers':[{'name':'c',",
                    "'spec':{'hostNetwork':true,'containers':[{'name':'c','ports':"
                        + "[{'containerPort':80}],'resources':{'limits':{'cpu':'1'}},"))
            .path("spec")
            .path("template")
            .path("spec");
    assertThat(spec.has("enableServiceLinks")).isFalse();
    assertThat(spec.has("serviceAccountName")).isFalse();
    assertThat(spec.has("tolerations")).isFalse();
    assertThat(spec.path("containers").get(0).path("ports").toString())
        .isEqualTo("[{\"containerPort\":80,\"protocol\":\"TCP\"}]");
    assertThat(spec.path("containers").get(0).path("resources").has("requests")).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'x':1 | spec.selector: Required value",
        "'selector':{} | spec.selector: Invalid value: {}: empty selector is invalid for deployment",
        "'selector':{'matchLabels':{'app':'x'}} | spec.template.metadata.labels: Invalid value:"
            + " {\"app\":\"web\"}: `selector` does not match template `labels`",
        "'selector':{'matchExpressions':[{'key':'app','operator':'Is'}]} |"
            + " spec.selector.matchExpressions[0].operator: Invalid value: \"Is\": not a valid"
            + " selector operator",
        "'selector':{'matchExpressions':[{'key':'app','operator':'In'}]} |"
            + " spec.selector.matchExpressions[0].values: Required value: must be specified when"
            + " `operator` is 'In' or 'NotIn'",
        "S,'replicas':-1 | spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        "S,'strategy':{'type':'Other'} | spec.strategy: Unsupported value: {\"type\":\"Other\"}:"
            + " supported values: \"Recreate\", \"RollingUpdate\"",
        "S,'strategy':{'type':'Recreate','rollingUpdate':{}} | spec.strategy.rollingUpdate:"
            + " Forbidden: may not be specified when strategy `type` is 'Recreate'",
        "S,'strategy':{'rollingUpdate':{'maxUnavailable':0,'maxSurge':'0%'}} |"
            + " spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when"
            + " `maxSurge` is 0",
        "S,'strategy':{'rollingUpdate':{'maxUnavailable':'101%'}} |"
            + " spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be"
            + " greater than 100%",
        "S,'progressDeadlineSeconds':5,'minReadySeconds':5 | spec.progressDeadlineSeconds: Invalid"
            + " value: 5: must be greater than minReadySeconds",
      })
  void aDeploymentsErrorsNameTheField(String spec, String error) {
    String own = spec.replace("S,", SELECTOR + ",");
    assertThat(DEPLOYMENTS.errors("{'spec':{" + own + "," + TEMPLATE + "}}"))
        .containsExactly(error);
  }

  @Test
  void aTemplatesErrorsBeginWhereItIs() {
    assertThat(DEPLOYMENTS.errors(WEB.replace("'name':'c',", "")))
        .containsExactly("spec.template.spec.containers[0].name: Required value");
    assertThat(DEPLOYMENTS.errors("{'spec':{" + SELECTOR + "}}"))
        .containsExactly(
            "spec.template.metadata.labels: Invalid value: null: `selector` does not match"
                + " template `labels`",
            "spec.template.spec.containers: Required value");
    assertThat(
            DEPLOYMENTS.errors(WEB.replace("'containers'", "'restartPolicy':'Never','containers'")))
        .containsExactly(
            "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values:"
                + " \"Always\"");
    assertThat(
            Written.as(WorkloadResources.POD_TEMPLATES)
                .errors("{'template':{'spec':{'containers':[{'name':'c'}]}}}"))
        .containsExactly("template.spec.containers[0].image: Required value");
  }

  @Test
  void aSelectorStaysAsItWas() {
    ObjectNode old = DEPLOYMENTS.create(WEB);
    ObjectNode other = json(old.toString().replace("\"web\"", "\"other\""));
    assertThat(DEPLOYMENTS.errors(old, "", other))
        .containsExactly(
            "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is"
                + " immutable");
  }

  @Test
  void generationsCountChangesOfTheSpec() {
    ObjectNode old = DEPLOYMENTS.create(WEB);
    assertThat(generation(old)).isEqualTo(1);
    ObjectNode labelled = old.deepCopy();
    labelled.withObject("metadata").putObject("labels").put("a", "b");
    assertThat(generation(DEPLOYMENTS.update(old, "", labelled))).isEqualTo(1);
    ObjectNode noted = old.deepCopy();
    noted.withObject("metadata").putObject("annotations").put("a", "b");
    assertThat(generation(DEPLOYMENTS.update(old, "", noted))).isEqualTo(2);
    ObjectNode scaled = old.deepCopy();
    scaled.withObject("spec").put("replicas", 3);
    assertThat(generation(DEPLOYMENTS.update(old, "", scaled))).isEqualTo(2);
    assertThat(generation(DEPLOYMENTS.update(old, "status", scaled))).isEqualTo(1);
    ObjectNode same = old.deepCopy();
    same.withObject("spec").remove("progressDeadlineSeconds");
    assertThat(generation(DEPLOYMENTS.update(old, "", same))).isEqualTo(1);
  }

  @Test
  void aStatusCountsWhatCanBe() {
    ObjectNode old = DEPLOYMENTS.create(WEB);
    ObjectNode status = old.deepCopy();
    status.putObject("status").put("replicas", 1).put("readyReplicas", 2);
    assertThat(DEPLOYMENTS.errors(old, "status", status))
        .containsExactly(
            "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas");
    ObjectNode counted = old.deepCopy();
    counted.putObject("status").put("collisionCount", 2);
    ObjectNode fewer = old.deepCopy();
    fewer.putObject("status").put("collisionCount", 1);
    assertThat(DEPLOYMENTS.errors(counted, "status", fewer))
        .containsExactly("status.collisionCount: Invalid value: 1: cannot be decremented");
  }

  @Test
  void aStatefulSetKeepsAllButAFewFields() {
    ObjectNode old =
        STATEFUL_SETS.create(
            WEB.replace(
                "'selector'",
                "'volumeClaimTemplates':[{'metadata':{'name':'d'}}],'serviceName':'s','selector'"));
    JsonNode spec = old.path("spec");
    assertThat(spec.path("podManagementPolicy").asText()).isEqualTo("OrderedReady");
    assertThat(spec.path("updateStrategy"))
        .isEqualTo(json("{'type':'RollingUpdate','rollingUpdate':{'partition':0}}"));
    assertThat(spec.path("persistentVolumeClaimRetentionPolicy"))
        .isEqualTo(json("{'whenDeleted':'Retain','whenScaled':'Retain'}"));
    assertThat(spec.path("volumeClaimTemplates").get(0))
        .isEqualTo(
            json(
                "{'metadata':{'name':'d'},'apiVersion':'v1','kind':'PersistentVolumeClaim',"
                    + "'spec':{'volumeMode':'Filesystem'},'status':{'phase':'Pending'}}"));
    assertThat(old.path("status")).isEqualTo(json("{'replicas':0,'availableReplicas':0}"));
    ObjectNode scaled = old.deepCopy();
    scaled.withObject("spec").put("replicas", 7).put("minReadySeconds", 1);
    assertThat(STATEFUL_SETS.errors(old, "", scaled)).isEmpty();
    ObjectNode moved = old.deepCopy();
    moved.withObject("spec").put("serviceName", "other");
    assertThat(STATEFUL_SETS.errors(old, "", moved))
        .singleElement()
        .asString()
        .startsWith("spec: Forbidden: updates to statefulset spec for fields other than");
    assertThat(WorkloadResources.STATEFUL_SETS.strategy().validateName("a.b", false)).isNotEmpty();
  }

  @Test
  void aDaemonSetCountsItsTemplates() {
    ObjectNode old = DAEMON_SETS.create(WEB);
    assertThat(old.path("spec").path("updateStrategy"))
        .isEqualTo(
            json("{'type':'RollingUpdate','rollingUpdate':{'maxUnavailable':1,'maxSurge':0}}"));
    assertThat(templateGeneration(old)).isEqualTo("1");
    ObjectNode changed = json(old.toString().replace("a/b:1", "a/b:2"));
    changed.withObject("metadata").remove("annotations");
    assertThat(templateGeneration(DAEMON_SETS.update(old, "", changed))).isEqualTo("2");
    ObjectNode slower = old.deepCopy();
    slower.withObject("spec").put("minReadySeconds", 3);
    assertThat(templateGeneration(DAEMON_SETS.update(old, "", slower))).isEqualTo("1");
    assertThat(
            DAEMON_SETS.errors(
                WEB.replace(
                    "'selector'",
                    "'updateStrategy':{'rollingUpdate':{'maxUnavailable':1,'maxSurge':1}},"
                        + "'selector'")))
        .containsExactly(
            "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when"
                + " maxUnavailable is non-zero");
  }

  @Test
  void aReplicationControllerTakesItsTemplatesLabels() {
    ObjectNode made = CONTROLLERS.create("{'spec':{" + TEMPLATE + "}}");
    assertThat(made.path("spec").path("selector")).isEqualTo(json("{'app':'web'}"));
    assertThat(made.path("metadata").path("labels")).isEqualTo(json("{'app':'web'}"));
    assertThat(CONTROLLERS.errors("{'spec':{'selector':{'app':'x'}," + TEMPLATE + "}}"))
        .containsExactly(
            "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not"
                + " match template `labels`");
    assertThat(CONTROLLERS.errors("{'spec':{}}"))
        .containsExactly("spec.selector: Required value", "spec.template: Required value");
  }

  @Test
  void aControllerRevisionDoesNotChange() {
    Written revisions = Written.as(WorkloadResources.CONTROLLER_REVISIONS);
    assertThat(revisions.errors("{'revision':-1}"))
        .containsExactly(
            "data: Required value: data is mandatory",
            "revision: Invalid value: -1: must be greater than or equal to 0");
    ObjectNode old = revisions.create("{'revision':1,'data':{'a':1}}");
    assertThat(revisions.errors(old, "", json("{'revision':2,'data':{'a':1}}"))).isEmpty();
    assertThat(revisions.errors(old, "", json("{'revision':1,'data':{'a':2}}")))
        .containsExactly("data: Invalid value: {\"a\":2}: field is immutable");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'minAvailable':1,'maxUnavailable':1 | spec: Invalid value:"
            + " {\"minAvailable\":1,\"maxUnavailable\":1}: minAvailable and maxUnavailable cannot"
            + " be both set",
        "'minAvailable':-1 | spec.minAvailable: Invalid value: -1: must be greater than or equal"
            + " to 0",
        "'maxUnavailable':'200%' | spec.maxUnavailable: Invalid value: \"200%\": must not be"
            + " greater than 100%",
        "'maxUnavailable':'some' | spec.maxUnavailable: Invalid value: \"some\": a valid percent"
            + " string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%',"
            + " regex used for validation is '[0-9]+%')",
        "'unhealthyPodEvictionPolicy':'Never' | spec.unhealthyPodEvictionPolicy: Unsupported"
            + " value: \"Never\": supported values: \"AlwaysAllow\", \"IfHealthyBudget\"",
      })
  void aDisruptionBudgetsErrorsNameTheField(String spec, String error) {
    assertThat(
            Written.as(WorkloadResources.POD_DISRUPTION_BUDGETS).errors("{'spec':{" + spec + "}}"))
        .containsExactly(error);
  }

  @Test
  void anAutoscalerKnowsWhatItScalesAndHowFar() {
    Written autoscalers = Written.as(WorkloadResources.HORIZONTAL_POD_AUTOSCALERS);
    ObjectNode made =
        autoscalers.create(
            "{'spec':{'maxReplicas':3,'scaleTargetRef':{'kind':'Deployment','name':'web'}}}");
    assertThat(made.path("spec").path("minReplicas").asInt()).isEqualTo(1);
    assertThat(made.path("spec").path("targetCPUUtilizationPercentage").asInt()).isEqualTo(80);
    assertThat(autoscalers.errors("{'spec':{'minReplicas':2,'maxReplicas':1}}"))
        .containsExactly(
            "spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`",
            "spec.scaleTargetRef.kind: Required value",
            "spec.scaleTargetRef.name: Required value");
    assertThat(autoscalers.row(made.toString(), "2026-01-01T00:00:00Z"))
        .containsEntry("Reference", "Deployment/web")
        .containsEntry("Targets", "cpu: <unknown>/80%")
        .containsEntry("MinPods", "1");
  }

  @Test
  void tablesShowWhatKubectlShows() {
    String now = "2026-01-01T00:01:00Z";
    String web =
        WEB.replace("'name':'web'", "'name':'web','creationTimestamp':'2026-01-01T00:00:00Z'")
            .replace(
                "'spec':{'sel",
                "'status':{'replicas':3,'readyReplicas':2},'spec':{'replicas':3,'sel");
    assertThat(DEPLOYMENTS.row(web, now).toString())
        .isEqualTo(
            "{Name=web, Ready=2/3, Up-to-date=0, Available=0, Age=60s, Containers=c, Images=a/b:1,"
                + " Selector=app=web}");
    assertThat(Written.as(WorkloadResources.REPLICA_SETS).row(web, now).toString())
        .isEqualTo(
            "{Name=web, Desired=3, Current=3, Ready=2, Age=60s, Containers=c, Images=a/b:1,"
                + " Selector=app=web}");
    assertThat(STATEFUL_SETS.row(web, now).toString())
        .isEqualTo("{Name=web, Ready=2/3, Age=60s, Containers=c, Images=a/b:1}");
    assertThat(
            Written.as(WorkloadResources.CONTROLLER_REVISIONS)
                .row(
                    "{'metadata':{'name':'r','ownerReferences':[{'apiVersion':'apps/v1',"
                        + "'kind':'DaemonSet','name':'d','controller':true}]},'revision':3}",
                    now))
        .containsEntry("Controller", "daemonset.apps/d")
        .containsEntry("Revision", "3");
    assertThat(
            Written.as(WorkloadResources.POD_DISRUPTION_BUDGETS)
                .row(
                    "{'metadata':{'name':'b'},'spec':{'minAvailable':'50%'},"
                        + "'status':{'disruptionsAllowed':1}}",
                    now))
        .containsEntry("Min Available", "50%")
        .containsEntry("Max Unavailable", "N/A")
        .containsEntry("Allowed Disruptions", "1");
  }

  @Test
  void aSelectorIsWrittenAsListsTakeIt() {
    assertThat(
            SelectorText.of(
                json(
                    "{'matchLabels':{'b':'1'},'matchExpressions':[{'key':'c','operator':'NotIn',"
                        + "'values':['y','x']},{'key':'a','operator':'DoesNotExist'}]}")))
        .isEqualTo("!a,b=1,c notin (x,y)");
    assertThat(SelectorText.of(json("{}"))).isEmpty();
    assertThat(SelectorText.of(json("{'app':'web'}"))).isEqualTo("app=web");
  }

  private static int generation(ObjectNode object) {
    return object.path("metadata").path("generation").asInt();
  }

  private static String templateGeneration(ObjectNode set) {
    return set.path("metadata")
        .path("annotations")
        .path(DaemonSetStrategy.TEMPLATE_GENERATION)
        .asText();
  }
}
