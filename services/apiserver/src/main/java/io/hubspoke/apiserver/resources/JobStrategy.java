package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Names;
import java.util.List;
import java.util.Map;

/** Jobs: they select their own pods by labels that are made of their uid and name. */
final class JobStrategy extends WorkloadStrategy {
  static final String CONTROLLER_UID = "batch.kubernetes.io/controller-uid";
  static final String JOB_NAME = "batch.kubernetes.io/job-name";

  /** The labels from a time before labels had prefixes; pods still carry them. */
  private static final String OLD_CONTROLLER_UID = "controller-uid";

  private static final String OLD_JOB_NAME = "job-name";

  private static final List<String> IMMUTABLE =
      List.of(
          "completionMode",
          "podFailurePolicy",
          "backoffLimitPerIndex",
          "managedBy",
          "successPolicy");

  /** What may change of the template's pod before a suspended job has started. */
  private static final List<String> SCHEDULING =
      List.of("nodeSelector", "tolerations", "schedulingGates");

  JobStrategy() {
    super(
        StatusCounts.always().optional("active", "succeeded", "failed", "ready", "terminating"),
        Map.of("status.successful", number("status", "succeeded")));
  }

  /** As it was when clients themselves deleted what it had made. */
  @Override
  public DependentsPolicy dependentsPolicy() {
    return DependentsPolicy.ORPHAN;
  }

  @Override
  void defaultSpec(ObjectNode job, ObjectNode spec) {
    if (!spec.has("completions") && !spec.has("parallelism")) {
      spec.put("completions", 1);
    }
    setDefault(spec, "parallelism", 1);
    setDefault(spec, "backoffLimit", spec.has("backoffLimitPerIndex") ? Integer.MAX_VALUE : 6);
    setDefault(spec, "completionMode", "NonIndexed");
    setDefault(
        spec,
        "podReplacementPolicy",
        spec.has("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
    for (String flag : List.of("suspend", "manualSelector")) {
      if (!spec.has(flag)) {
        spec.put(flag, false);
      }
    }
    PodTemplateRules.applyDefaults(spec);
    JsonNode labels = spec.path("template").path("metadata").path("labels");
    if (!labels.isEmpty() && job.path("metadata").path("labels").isEmpty()) {
      object(job, "metadata").set("labels", labels.deepCopy());
    }
  }

  @Override
  void begin(ObjectNode job, Requester requester) {
    super.begin(job, requester);
    ObjectNode spec = object(job, "spec");
    if (spec.path("manualSelector").asBoolean()) {
      return;
    }
    ObjectNode labels = object(object(object(spec, "template"), "metadata"), "labels");
    // One that a client set to something else is found by the validation.
    setDefault(labels, OLD_JOB_NAME, Meta.name(job));
    setDefault(labels, JOB_NAME, Meta.name(job));
    setDefault(labels, OLD_CONTROLLER_UID, Meta.uid(job));
    setDefault(labels, CONTROLLER_UID, Meta.uid(job));
    setDefault(object(object(spec, "selector"), "matchLabels"), CONTROLLER_UID, Meta.uid(job));
  }

  @Override
  void validateSpec(ObjectNode job, JsonNode spec, FieldErrors errors) {
    if (!spec.path("manualSelector").asBoolean()) {
      generatedSelector(job, spec, errors);
    }
    JobRules.validate(spec, "spec", errors);
    if (!spec.has("selector")) {
      errors.required("spec.selector", "");
    } else if (LabelSelectorRules.validate(spec.path("selector"), "spec.selector", errors)) {
      PodTemplateRules.matches(spec, "spec", errors);
    }
    long completions = spec.path("completions").asLong();
    if (JobRules.isIndexed(spec) && completions > 0) {
      String hostname = Meta.name(job) + "-" + (completions - 1);
      if (!Names.dns1123Label(hostname).isEmpty()) {
        errors.invalid(
            "metadata.name",
            Meta.name(job),
            "will not able to create pod with invalid DNS label: " + hostname);
      }
    }
  }

  private static void generatedSelector(ObjectNode job, JsonNode spec, FieldErrors errors) {
    ObjectNode made = Json.object();
    for (String label : List.of(OLD_CONTROLLER_UID, CONTROLLER_UID)) {
      made.put(label, Meta.uid(job));
    }
    for (String label : List.of(OLD_JOB_NAME, JOB_NAME)) {
      made.put(label, Meta.name(job));
    }
    JsonNode labels = spec.path("template").path("metadata").path("labels");
    for (var label : made.properties()) {
      String path = "spec.template.metadata.labels[" + label.getKey() + "]";
      String must = "must be '" + label.getValue().asText() + "'";
      if (!labels.has(label.getKey())) {
        errors.required(path, must);
      } else if (!labels.get(label.getKey()).equals(label.getValue())) {
        errors.invalid(path, labels, must);
      }
    }
    JsonNode selector = spec.path("selector");
    if (spec.has("selector")
        && LabelSelectorRules.validate(selector, "spec.selector", new FieldErrors())
        && !LabelSelectorRules.matches(selector, made)) {
      errors.invalid("spec.selector", selector, "`selector` not auto-generated");
    }
  }

  @Override
  void validateChange(ObjectNode job, ObjectNode old, FieldErrors errors) {
    completions(job, old, errors);
    immutable(job, old, "selector", errors);
    errors.immutable("spec.template", job.path("spec").path("template"), comparable(job, old));
    IMMUTABLE.forEach(field -> immutable(job, old, field, errors));
  }

  /** An indexed job may be made longer or shorter together with its parallelism. */
  private static void completions(ObjectNode job, ObjectNode old, FieldErrors errors) {
    JsonNode spec = job.path("spec");
    JsonNode now = spec.path("completions");
    if (!JobRules.isIndexed(spec)) {
      immutable(job, old, "completions", errors);
    } else if (!now.equals(old.path("spec").path("completions"))
        && !now.isMissingNode()
        && !now.equals(spec.path("parallelism"))) {
      errors.invalid(
          "spec.completions", now, "can only be modified in tandem with spec.parallelism");
    }
  }

  /** Returns the old template, with what may change as it is in the new one. */
  private static JsonNode comparable(ObjectNode job, ObjectNode old) {
    JsonNode before = old.path("spec").path("template");
    boolean waiting =
        old.path("spec").path("suspend").asBoolean() && !old.path("status").has("startTime");
    if (!waiting || !(before instanceof ObjectNode object)) {
      return before;
    }
    ObjectNode same = object.deepCopy();
    ObjectNode now = (ObjectNode) job.path("spec").path("template");
    keep(object(same, "metadata"), object(now, "metadata"), "labels");
    keep(object(same, "metadata"), object(now, "metadata"), "annotations");
    SCHEDULING.forEach(field -> keep(object(same, "spec"), object(now, "spec"), field));
    if (now.path("spec").path("affinity").has("nodeAffinity")
        || same.path("spec").path("affinity").has("nodeAffinity")) {
      ObjectNode affinity = object(object(same, "spec"), "affinity");
      keep(affinity, object(object(now, "spec"), "affinity"), "nodeAffinity");
    }
    return same;
  }

  @Override
  void validateStatus(ObjectNode job, ObjectNode old, FieldErrors errors) {
    JobRules.validateStatus(job, errors);
  }
}
