package io.hubspoke.controllermanager.statefulsets;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.hubspoke.api.Json;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.api.Meta;
import io.hubspoke.controllermanager.workloads.ControllerReference;
import io.hubspoke.controllermanager.workloads.TemplateRevisions;
import io.hubspoke.controllermanager.workloads.Templated;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * What a stateful set asks for.
 *
 * @param object as the informer has it; nothing here changes it
 * @param tree the same
 */
record StatefulSpec(StatefulSet object, ObjectNode tree, LabelSelector selector)
    implements Templated<StatefulSet> {
  private static final String POD_NAME = "statefulset.kubernetes.io/pod-name";
  private static final String POD_INDEX = "apps.kubernetes.io/pod-index";

  static StatefulSpec of(StatefulSet object) {
    // Through bytes, so that a number is the same node whether it was typed as int or as long.
    var tree = Json.parseObject(Json.bytes(Json.tree(object)));
    return new StatefulSpec(object, tree, selector(object));
  }

  static LabelSelector selector(StatefulSet object) {
    return LabelSelector.fromObject(Json.tree(object.getSpec().getSelector()));
  }

  String namespace() {
    return Meta.namespace(tree);
  }

  String name() {
    return Meta.name(tree);
  }

  String uid() {
    return Meta.uid(tree);
  }

  @Override
  public ObjectNode template() {
    return spec("template") instanceof ObjectNode t ? t : Json.object();
  }

  @Override
  public int revisionHistoryLimit() {
    return spec("revisionHistoryLimit").asInt(10);
  }

  @Override
  public int collisionCount() {
    return tree.path("status").path("collisionCount").asInt();
  }

  int minReadySeconds() {
    return spec("minReadySeconds").asInt();
  }

  /** The lowest ordinal. */
  int start() {
    return spec("ordinals").path("start").asInt();
  }

  int replicas() {
    return spec("replicas").asInt(1);
  }

  /** Returns whether each pod waits for the one before it. */
  boolean isOrdered() {
    return !spec("podManagementPolicy").asText().equals("Parallel");
  }

  /** Returns whether changes of the template are rolled out, rather than on deletion only. */
  boolean rolls() {
    return spec("updateStrategy").path("type").asText().equals("RollingUpdate");
  }

  /** From which ordinal on pods are of the newest template. */
  int updatedFrom() {
    return start() + spec("updateStrategy").path("rollingUpdate").path("partition").asInt();
  }

  private JsonNode spec(String field) {
    return tree.path("spec").path(field);
  }

  /** Returns the ordinal of a pod that is one of the set's by its name. */
  OptionalInt ordinal(HasMetadata pod) {
    var own = pod.getMetadata().getName();
    var dash = own.lastIndexOf('-');
    if (dash < 0 || !own.substring(0, dash).equals(name())) {
      return OptionalInt.empty();
    }
    var digits = own.substring(dash + 1);
    return digits.matches("0|[1-9][0-9]{0,8}")
        ? OptionalInt.of(Integer.parseInt(digits))
        : OptionalInt.empty();
  }

  /** Makes a pod of a template, with the name, the host name and the claims of its ordinal. */
  Pod pod(ObjectNode template, String revision, int ordinal) {
    var pod = Json.object().put("apiVersion", "v1").put("kind", "Pod");
    var name = name() + "-" + ordinal;
    var metadata = pod.putObject("metadata").put("name", name).put("namespace", namespace());
    var labels = metadata.putObject("labels");
    Meta.labels(template).forEach(labels::put);
    labels
        .put(POD_NAME, name)
        .put(POD_INDEX, String.valueOf(ordinal))
        .put(TemplateRevisions.HASH, revision);
    var annotations = metadata.putObject("annotations");
    Meta.annotations(template).forEach(annotations::put);
    metadata.putArray("ownerReferences").add(Json.tree(ControllerReference.to(object)));
    var spec = template.path("spec") instanceof ObjectNode s ? s.deepCopy() : Json.object();
    spec.put("hostname", name).put("subdomain", spec("serviceName").asText());
    pod.set("spec", spec);
    mount(spec, ordinal);
    return Json.convert(pod, Pod.class);
  }

  /** A claim's volume takes the place of one that the template has under the same name. */
  private void mount(ObjectNode podSpec, int ordinal) {
    var claims = spec("volumeClaimTemplates");
    if (claims.isEmpty()) {
      return;
    }
    var names = claims.findValuesAsText("name");
    var volumes = Json.object().arrayNode();
    for (var volume : podSpec.path("volumes")) {
      if (!names.contains(volume.path("name").asText())) {
        volumes.add(volume);
      }
    }
    for (var claim : claims) {
      volumes
          .addObject()
          .put("name", Meta.name((ObjectNode) claim))
          .putObject("persistentVolumeClaim")
          .put("claimName", claimName(claim, ordinal));
    }
    podSpec.set("volumes", volumes);
  }

  private String claimName(JsonNode template, int ordinal) {
    return Meta.name((ObjectNode) template) + "-" + name() + "-" + ordinal;
  }

  /** Makes the claims of an ordinal, which outlive its pod. */
  List<PersistentVolumeClaim> claims(int ordinal) {
    var claims = new ArrayList<PersistentVolumeClaim>();
    for (var template : spec("volumeClaimTemplates")) {
      ObjectNode claim = template.deepCopy();
      claim.remove("status");
      claim.put("apiVersion", "v1").put("kind", "PersistentVolumeClaim");
      var metadata = claim.withObject("metadata");
      metadata.put("name", claimName(template, ordinal)).put("namespace", namespace());
      spec("selector")
          .path("matchLabels")
          .properties()
          .forEach(label -> metadata.withObject("labels").set(label.getKey(), label.getValue()));
      claims.add(Json.convert(claim, PersistentVolumeClaim.class));
    }
    return claims;
  }
}
