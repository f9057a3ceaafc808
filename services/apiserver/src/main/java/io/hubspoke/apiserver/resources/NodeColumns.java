package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.Columns.orNone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.Map;
import java.util.TreeSet;

/** Prints nodes. */
final class NodeColumns {
  private static final String ROLE_PREFIX = "node-role.kubernetes.io/";

  private NodeColumns() {}

  static TableColumns columns() {
    return ColumnList.named()
        .text("Status", "Whether it is ready and takes pods.", NodeColumns::status)
        .text("Roles", "Its roles, from its labels.", NodeColumns::roles)
        .age()
        .text("Version", "Version of its kubelet.", o -> info(o, "kubeletVersion", ""))
        .wide("Internal-IP", "Its address in the cluster.", o -> address(o, "InternalIP"))
        .wide("External-IP", "Its address outside.", o -> address(o, "ExternalIP"))
        .wide("OS-Image", "Its operating system.", o -> info(o, "osImage", "<unknown>"))
        .wide("Kernel-Version", "Its kernel.", o -> info(o, "kernelVersion", "<unknown>"))
        .wide(
            "Container-Runtime",
            "Its container runtime.",
            o -> info(o, "containerRuntimeVersion", "<unknown>"));
  }

  private static String status(ObjectNode node) {
    String status = "Unknown";
    for (JsonNode condition : node.path("status").path("conditions")) {
      if (condition.path("type").asText("").equals("Ready")) {
        status = condition.path("status").asText("").equals("True") ? "Ready" : "NotReady";
      }
    }
    boolean cordoned = node.path("spec").path("unschedulable").asBoolean();
    return cordoned ? status + ",SchedulingDisabled" : status;
  }

  private static String roles(ObjectNode node) {
    TreeSet<String> roles = new TreeSet<>();
    for (Map.Entry<String, String> label : Meta.labels(node).entrySet()) {
      if (label.getKey().startsWith(ROLE_PREFIX)) {
        roles.add(label.getKey().substring(ROLE_PREFIX.length()));
      } else if (label.getKey().equals("kubernetes.io/role")) {
        roles.add(label.getValue());
      }
    }
    roles.remove("");
    return orNone(String.join(",", roles));
  }

  private static String address(ObjectNode node, String type) {
    for (JsonNode address : node.path("status").path("addresses")) {
      if (address.path("type").asText("").equals(type)) {
        return address.path("address").asText("");
      }
    }
    return "<none>";
  }

  private static String info(ObjectNode node, String field, String unknown) {
    String value = node.path("status").path("nodeInfo").path(field).asText("");
    return value.isEmpty() ? unknown : value;
  }
}
