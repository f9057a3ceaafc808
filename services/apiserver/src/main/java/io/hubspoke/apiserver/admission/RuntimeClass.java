package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.resources.SchedulingResources;
import java.util.Map;

/**
 * Gives pods what their runtime class says: its overhead, the nodes that have it and what these are
 * tainted with (the real apiserver's RuntimeClass plugin).
 */
public final class RuntimeClass implements Admission {
  private static final ResourceType CLASSES = SchedulingResources.RUNTIME_CLASSES.type();

  private final Lister lister;

  public RuntimeClass(Lister lister) {
    this.lister = lister;
  }

  @Override
  public void admit(AdmissionRequest request) {
    boolean newPod =
        request.operation() == AdmissionRequest.Operation.CREATE
            && request.subresource().isEmpty()
            && request.type().equals(ResourceTable.PODS.type());
    if (!newPod || !(request.object().get("spec") instanceof ObjectNode spec)) {
      return;
    }
    String name = spec.path("runtimeClassName").asText("");
    if (name.isEmpty()) {
      if (!spec.path("overhead").isEmpty()) {
        throw forbidden(
            request,
            "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
      }
      return;
    }
    ObjectNode found = lister.get(CLASSES, "", name);
    if (found == null) {
      throw forbidden(request, "pod rejected: RuntimeClass \"" + name + "\" not found");
    }
    overhead(request, spec, found.path("overhead").path("podFixed"));
    scheduling(request, spec, found.path("scheduling"));
  }

  private static void overhead(AdmissionRequest request, ObjectNode spec, JsonNode overhead) {
    if (!spec.path("overhead").isEmpty() && !spec.path("overhead").equals(overhead)) {
      throw forbidden(
          request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    if (!overhead.isEmpty()) {
      spec.set("overhead", overhead.deepCopy());
    }
  }

  private static void scheduling(AdmissionRequest request, ObjectNode spec, JsonNode scheduling) {
    for (Map.Entry<String, JsonNode> label : scheduling.path("nodeSelector").properties()) {
      ObjectNode selector = spec.withObject("nodeSelector");
      JsonNode own = selector.get(label.getKey());
      if (own != null && !own.equals(label.getValue())) {
        throw forbidden(
            request,
            "pod rejected: conflict: runtimeClass.scheduling.nodeSelector["
                + label.getKey()
                + "] = "
                + label.getValue().asText()
                + "; pod.spec.nodeSelector["
                + label.getKey()
                + "] = "
                + own.asText());
      }
      selector.set(label.getKey(), label.getValue());
    }
    for (JsonNode toleration : scheduling.path("tolerations")) {
      ArrayNode own = spec.withArray("tolerations");
      // A pod that a webhook has changed comes here a second time.
      if (own.valueStream().noneMatch(toleration::equals)) {
        own.add(toleration.deepCopy());
      }
    }
  }

  private static RuntimeException forbidden(AdmissionRequest request, String why) {
    return Status.forbidden(request.type(), request.name(), why).toException();
  }
}
