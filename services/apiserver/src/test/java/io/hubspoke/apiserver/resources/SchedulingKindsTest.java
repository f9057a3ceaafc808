package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Written.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;

/** Priorities, runtimes, limits and quotas. */
class SchedulingKindsTest {
  private static final String NOW = "2026-01-01T00:00:00Z";

  @Test
  void aPriorityClassKeepsItsValueAndTheSystemsNamesAreItsOwn() {
    Written classes = Written.as(SchedulingResources.PRIORITY_CLASSES);
    ObjectNode made = classes.create("{'metadata':{'name':'high'},'value':1000}");
    assertThat(made.path("preemptionPolicy").asText()).isEqualTo("PreemptLowerPriority");
    assertThat(classes.errors(made, "", made.deepCopy().put("value", 2)))
        .containsExactly("value: Forbidden: may not be changed in an update.");
    assertThat(classes.errors(made, "", made.deepCopy().put("preemptionPolicy", "Never")))
        .containsExactly("preemptionPolicy: Invalid value: \"Never\": field is immutable");
    assertThat(classes.errors("{'metadata':{'name':'a'},'value':1000000001}"))
        .containsExactly(
            "value: Forbidden: maximum allowed value of a user defined priority is 1000000000");
    assertThat(classes.errors("{'metadata':{'name':'system-mine'},'value':1}"))
        .containsExactly(
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for"
                + " system use only. error: system-mine is not a known system priority class");
    for (ObjectNode system : SchedulingResources.systemPriorityClasses()) {
      assertThat(classes.errors(system.toString())).isEmpty();
    }
    assertThat(classes.row(made.toString(), NOW))
        .containsEntry("Value", "1000")
        .containsEntry("Global-Default", "false")
        .containsEntry("PreemptionPolicy", "PreemptLowerPriority");
  }

  @Test
  void aRuntimeClassKeepsItsHandler() {
    Written classes = Written.as(SchedulingResources.RUNTIME_CLASSES);
    ObjectNode made = classes.create("{'handler':'runsc'}");
    assertThat(classes.errors(made, "", json("{'handler':'runc'}")))
        .containsExactly("handler: Invalid value: \"runc\": field is immutable");
    assertThat(classes.errors("{'handler':'a','overhead':{'podFixed':{'cpu':'-1'}}}"))
        .containsExactly(
            "overhead.podFixed[cpu]: Invalid value: \"-1\": must be greater than or equal to 0");
  }

  @Test
  void aLimitRangeIsCompletedFromItsBounds() {
    Written ranges = Written.as(QuotaResources.LIMIT_RANGES);
    assertThat(
            ranges
                .create(
                    "{'spec':{'limits':[{'type':'Container','max':{'cpu':'2'},'min':{'cpu':'1'}}]}}")
                .path("spec")
                .path("limits")
                .get(0))
        .isEqualTo(
            json(
                "{'type':'Container','max':{'cpu':'2'},'min':{'cpu':'1'},'default':{'cpu':'2'},"
                    + "'defaultRequest':{'cpu':'2'}}"));
    assertThat(
            ranges.errors(
                "{'spec':{'limits':[{'type':'Pod','min':{'cpu':'2'},'max':{'cpu':'1'}}]}}"))
        .containsExactly(
            "spec.limits[0].min[cpu]: Invalid value: \"2\": min value 2 is greater than max value"
                + " 1");
    assertThat(ranges.errors("{'spec':{'limits':[{'type':'PersistentVolumeClaim'}]}}"))
        .containsExactly(
            "spec.limits[0]: Required value: either minimum or maximum storage value is required,"
                + " but neither was provided");
  }

  @Test
  void aQuotaShowsWhatIsUsedOfWhatThereIs() {
    Written quotas = Written.as(QuotaResources.RESOURCE_QUOTAS);
    assertThat(
            quotas.row(
                "{'status':{'hard':{'pods':'4','cpu':'1','limits.cpu':'2'},'used':{'pods':'1'}}}",
                NOW))
        .containsEntry("Request", "cpu: 0/1, pods: 1/4")
        .containsEntry("Limit", "limits.cpu: 0/2");
    ObjectNode quota =
        quotas.create("{'spec':{'hard':{'pods':'4'}},'status':{'hard':{'pods':'9'}}}");
    assertThat(quota.path("status")).isEqualTo(json("{}"));
    ObjectNode scoped = quota.deepCopy();
    scoped.withObject("spec").putArray("scopes").add("BestEffort");
    assertThat(quotas.errors(quota, "", scoped)).hasSize(1);
    assertThat(quotas.errors("{'spec':{'scopes':['BestEffort','NotBestEffort']}}")).hasSize(1);
  }
}
