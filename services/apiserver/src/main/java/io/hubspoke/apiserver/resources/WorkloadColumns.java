package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Columns.orNone;
import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.StreamSupport;

/** The tables of what keeps pods running; {@link JobColumns} prints what runs them to an end. */
final class WorkloadColumns {
  private WorkloadColumns() {}

  static TableColumns deployments() {
    return template(
        ColumnList.named()
            .text("Ready", "Pods that are ready, of those desired.", WorkloadColumns::readiness)
            .number(
                "Up-to-date", "Pods of the newest template.", 0, o -> status(o, "updatedReplicas"))
            .number("Available", "Pods that are available.", 0, o -> status(o, "availableReplicas"))
            .age(),
        true);
  }

  /** Prints replica sets and replication controllers. */
  static TableColumns replicas() {
    return template(
        ColumnList.named()
            .number(
                "Desired",
                "How many pods there shall be.",
                0,
                o -> o.path("spec").path("replicas").asInt())
            .number("Current", "How many pods there are.", 0, o -> status(o, "replicas"))
            .number("Ready", "How many pods are ready.", 0, o -> status(o, "readyReplicas"))
            .age(),
        true);
  }

  static TableColumns statefulSets() {
    return template(
        ColumnList.named()
            .text("Ready", "Pods that are ready, of those desired.", WorkloadColumns::readiness)
            .age(),
        false);
  }

  static TableColumns daemonSets() {
    return template(
        ColumnList.named()
            .number(
                "Desired",
                "Nodes that shall have a pod.",
                0,
                o -> status(o, "desiredNumberScheduled"))
            .number("Current", "Nodes that have one.", 0, o -> status(o, "currentNumberScheduled"))
            .number("Ready", "Nodes on which it is ready.", 0, o -> status(o, "numberReady"))
            .number(
                "Up-to-date",
                "Nodes with one of the newest template.",
                0,
                o -> status(o, "updatedNumberScheduled"))
            .number(
                "Available",
                "Nodes on which it is available.",
                0,
                o -> status(o, "numberAvailable"))
            .text(
                "Node Selector",
                "Which nodes are meant.",
                o -> Columns.labels(podSpec(o).path("nodeSelector")))
            .age(),
        true);
  }

  static TableColumns podTemplates() {
    return ColumnList.named()
        .text("Containers", "Names of the containers.", o -> containers(o.path("template"), "name"))
        .text("Images", "Images of the containers.", o -> containers(o.path("template"), "image"))
        .text(
            "Pod Labels",
            "Labels of the pods.",
            o -> Columns.labels(o.path("template").path("metadata").path("labels")));
  }

  static TableColumns controllerRevisions() {
    return ColumnList.named()
        .text("Controller", "What it is a revision of.", WorkloadColumns::controller)
        .number("Revision", "Its number.", 0, o -> o.path("revision").asInt())
        .age();
  }

  static TableColumns podDisruptionBudgets() {
    return ColumnList.named()
        .text(
            "Min Available",
            "How many pods must stay available.",
            o -> o.path("spec").path("minAvailable").asText("N/A"))
        .text(
            "Max Unavailable",
            "How many pods may be unavailable.",
            o -> o.path("spec").path("maxUnavailable").asText("N/A"))
        .number(
            "Allowed Disruptions",
            "How many pods may be evicted now.",
            0,
            o -> status(o, "disruptionsAllowed"))
        .age();
  }

  static TableColumns scales() {
    return ColumnList.named()
        .number(
            "Desired",
            "How many pods there shall be.",
            0,
            o -> o.path("spec").path("replicas").asInt())
        .number("Available", "How many pods there are.", 0, o -> status(o, "replicas"))
        .age();
  }

  static TableColumns horizontalPodAutoscalers() {
    return ColumnList.named()
        .text("Reference", "What it scales.", WorkloadColumns::reference)
        .text("Targets", "What it measures, and what that shall be.", WorkloadColumns::targets)
        .text(
            "MinPods",
            "The fewest pods that it leaves.",
            o -> o.path("spec").path("minReplicas").asText("<unset>"))
        .number("MaxPods", "The most pods.", 0, o -> o.path("spec").path("maxReplicas").asInt())
        .number("Replicas", "How many pods there are.", 0, o -> status(o, "currentReplicas"))
        .age();
  }

  private static String reference(ObjectNode autoscaler) {
    JsonNode target = autoscaler.path("spec").path("scaleTargetRef");
    return target.path("kind").asText("") + "/" + target.path("name").asText("");
  }

  private static String targets(ObjectNode autoscaler) {
    JsonNode wanted = autoscaler.path("spec").path("targetCPUUtilizationPercentage");
    JsonNode measured = autoscaler.path("status").path("currentCPUUtilizationPercentage");
    return wanted.isMissingNode()
        ? "<none>"
        : "cpu: "
            + (measured.isMissingNode() ? "<unknown>" : measured.asText() + "%")
            + "/"
            + wanted.asText()
            + "%";
  }

  private static ColumnList template(ColumnList columns, boolean selector) {
    return template(columns, o -> o.path("spec"), selector);
  }

  /** Adds what {@code -o wide} shows of a template and its selector. */
  static ColumnList template(
      ColumnList columns, Function<ObjectNode, JsonNode> spec, boolean selector) {
    columns
        .wide(
            "Containers",
            "Names of the template's containers.",
            o -> containers(spec.apply(o).path("template"), "name"))
        .wide(
            "Images",
            "Images of the template's containers.",
            o -> containers(spec.apply(o).path("template"), "image"));
    return selector
        ? columns.wide(
            "Selector",
            "Which pods it owns.",
            o -> orNone(SelectorText.of(spec.apply(o).path("selector"))))
        : columns;
  }

  private static String containers(JsonNode template, String field) {
    return StreamSupport.stream(template.path("spec").path("containers").spliterator(), false)
        .map(c -> c.path(field).asText(""))
        .collect(joining(","));
  }

  private static String controller(ObjectNode revision) {
    for (JsonNode owner : revision.path("metadata").path("ownerReferences")) {
      if (owner.path("controller").asBoolean()) {
        String version = owner.path("apiVersion").asText("");
        int slash = version.indexOf('/');
        String group = slash < 0 ? "" : "." + version.substring(0, slash);
        return owner.path("kind").asText("").toLowerCase(Locale.ROOT)
            + group
            + "/"
            + owner.path("name").asText("");
      }
    }
    return "<none>";
  }

  private static String readiness(ObjectNode object) {
    return status(object, "readyReplicas") + "/" + object.path("spec").path("replicas").asInt();
  }

  private static int status(ObjectNode object, String field) {
    return object.path("status").path(field).asInt();
  }

  private static JsonNode podSpec(ObjectNode object) {
    return object.path("spec").path("template").path("spec");
  }
}
