package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Columns.orNone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The tables of volumes and of what provides them. */
final class StorageColumns {
  private static final String UNSET = "<unset>";
  private static final String BETA_DEFAULT = "storageclass.beta.kubernetes.io/is-default-class";
  private static final String DEFAULT = "storageclass.kubernetes.io/is-default-class";

  private StorageColumns() {}

  static TableColumns storageClasses() {
    return ColumnList.named(StorageColumns::className)
        .text("Provisioner", "Who provides the volumes.", o -> o.path("provisioner").asText(""))
        .text(
            "ReclaimPolicy",
            "What becomes of a volume that nobody claims any more.",
            o -> o.path("reclaimPolicy").asText("Delete"))
        .text(
            "VolumeBindingMode",
            "When a volume is provided.",
            o -> o.path("volumeBindingMode").asText("Immediate"))
        .bool(
            "AllowVolumeExpansion",
            "Whether claims may grow.",
            o -> o.path("allowVolumeExpansion").asBoolean())
        .age();
  }

  static TableColumns volumeAttachments() {
    return ColumnList.named()
        .text("Attacher", "Which driver attaches it.", o -> spec(o, "attacher"))
        .text(
            "PV",
            "Which volume.",
            o -> o.path("spec").path("source").path("persistentVolumeName").asText(""))
        .text("Node", "To which node.", o -> spec(o, "nodeName"))
        .bool("Attached", "Whether it is.", o -> o.path("status").path("attached").asBoolean())
        .age();
  }

  static TableColumns csiNodes() {
    return ColumnList.named()
        .number(
            "Drivers",
            "How many drivers run on the node.",
            0,
            o -> o.path("spec").path("drivers").size())
        .age();
  }

  static TableColumns csiDrivers() {
    return ColumnList.named()
        .bool(
            "AttachRequired",
            "Whether volumes are attached before they are mounted.",
            o -> o.path("spec").path("attachRequired").asBoolean(true))
        .bool(
            "PodInfoOnMount",
            "Whether the driver is told which pod mounts.",
            o -> o.path("spec").path("podInfoOnMount").asBoolean())
        .bool(
            "StorageCapacity",
            "Whether the driver publishes its capacity.",
            o -> o.path("spec").path("storageCapacity").asBoolean())
        .text("TokenRequests", "For whom it needs tokens.", StorageColumns::audiences)
        .bool(
            "RequiresRepublish",
            "Whether it is called again from time to time.",
            o -> o.path("spec").path("requiresRepublish").asBoolean())
        .text(
            "Modes",
            "Which volumes it provides.",
            o -> orNone(joined(o.path("spec").path("volumeLifecycleModes"))))
        .age();
  }

  static TableColumns csiStorageCapacities() {
    return ColumnList.named()
        .text(
            "StorageClassName", "Whose capacity it is.", o -> o.path("storageClassName").asText(""))
        .text("Capacity", "How much there is.", o -> o.path("capacity").asText(UNSET));
  }

  static TableColumns persistentVolumes() {
    return ColumnList.named()
        .text(
            "Capacity",
            "How much it holds.",
            o -> o.path("spec").path("capacity").path("storage").asText("0"))
        .text("Access Modes", "How it may be mounted.", o -> modes(o.path("spec")))
        .text(
            "Reclaim Policy",
            "What becomes of it when nobody claims it any more.",
            o -> spec(o, "persistentVolumeReclaimPolicy"))
        .text("Status", "Whether it is claimed.", StorageColumns::phase)
        .text("Claim", "Who claims it.", StorageColumns::claim)
        .text("StorageClass", "Its class.", StorageColumns::storageClass)
        .text(
            "VolumeAttributesClass",
            "What class of attributes it has.",
            o -> o.path("spec").path("volumeAttributesClassName").asText(UNSET))
        .text(
            "Reason", "Why it is in this status.", o -> o.path("status").path("reason").asText(""))
        .age()
        .wide(
            "VolumeMode",
            "Whether it has a file system.",
            o -> o.path("spec").path("volumeMode").asText(UNSET));
  }

  static TableColumns persistentVolumeClaims() {
    return ColumnList.named()
        .text("Status", "Whether it has its volume.", StorageColumns::phase)
        .text("Volume", "Which volume it has.", o -> spec(o, "volumeName"))
        .text(
            "Capacity",
            "How much it has got.",
            o -> bound(o) ? o.path("status").path("capacity").path("storage").asText("0") : "")
        .text(
            "Access Modes", "How it may be mounted.", o -> bound(o) ? modes(o.path("status")) : "")
        .text("StorageClass", "Its class.", StorageColumns::storageClass)
        .text(
            "VolumeAttributesClass",
            "What class of attributes it asks for.",
            o -> o.path("spec").path("volumeAttributesClassName").asText(UNSET))
        .age()
        .wide(
            "VolumeMode",
            "Whether it has a file system.",
            o -> o.path("spec").path("volumeMode").asText(UNSET));
  }

  private static String className(ObjectNode storageClass) {
    Map<String, String> annotations = Meta.annotations(storageClass);
    boolean isDefault =
        "true".equals(annotations.get(DEFAULT)) || "true".equals(annotations.get(BETA_DEFAULT));
    return Meta.name(storageClass) + (isDefault ? " (default)" : "");
  }

  private static boolean bound(ObjectNode claim) {
    return !spec(claim, "volumeName").isEmpty();
  }

  private static String phase(ObjectNode object) {
    return Meta.deleting(object) ? "Terminating" : object.path("status").path("phase").asText("");
  }

  private static String claim(ObjectNode volume) {
    JsonNode claim = volume.path("spec").path("claimRef");
    return claim.isObject()
        ? claim.path("namespace").asText("") + "/" + claim.path("name").asText("")
        : "";
  }

  private static String storageClass(ObjectNode object) {
    String old = Meta.annotations(object).get("volume.beta.kubernetes.io/storage-class");
    return old == null ? spec(object, "storageClassName") : old;
  }

  private static String modes(JsonNode holder) {
    List<String> all = new ArrayList<>();
    for (JsonNode mode : holder.path("accessModes")) {
      String text =
          switch (mode.asText()) {
            case "ReadWriteOnce" -> "RWO";
            case "ReadOnlyMany" -> "ROX";
            case "ReadWriteMany" -> "RWX";
            case "ReadWriteOncePod" -> "RWOP";
            case String other -> other;
          };
      if (!all.contains(text)) {
        all.add(text);
      }
    }
    return String.join(",", all);
  }

  private static String audiences(ObjectNode driver) {
    JsonNode requests = driver.path("spec").path("tokenRequests");
    if (requests.isMissingNode()) {
      return UNSET;
    }
    List<String> all = new ArrayList<>();
    requests.forEach(request -> all.add(request.path("audience").asText("")));
    return String.join(",", all);
  }

  private static String joined(JsonNode texts) {
    List<String> all = new ArrayList<>();
    texts.forEach(text -> all.add(text.asText()));
    return String.join(",", all);
  }

  private static String spec(ObjectNode object, String field) {
    return object.path("spec").path(field).asText("");
  }
}
