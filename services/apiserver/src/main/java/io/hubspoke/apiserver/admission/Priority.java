package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.api.Status;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.resources.SchedulingResources;
import java.util.Comparator;
import java.util.Optional;

/**
 * Gives pods the priority that their class names, and lets only one class be the default (the real
 * apiserver's Priority plugin).
 */
public final class Priority implements Admission {
  private static final ResourceType CLASSES = SchedulingResources.PRIORITY_CLASSES.type();

  private final Lister lister;

  public Priority(Lister lister) {
    this.lister = lister;
  }

  @Override
  public void admit(AdmissionRequest request) {
    if (!request.subresource().isEmpty()) {
      return;
    }
    switch (request.operation()) {
      case CREATE -> {
        if (request.type().equals(ResourceTable.PODS.type())) {
          admitPod(request);
        }
        admitClass(request);
      }
      case UPDATE -> {
        if (request.type().equals(ResourceTable.PODS.type())) {
          keep(request);
        }
        admitClass(request);
      }
      case DELETE, CONNECT -> {}
    }
  }

  private void admitPod(AdmissionRequest request) {
    if (!(request.object().get("spec") instanceof ObjectNode spec)) {
      return;
    }
    String name = spec.path("priorityClassName").asText("");
    Optional<ObjectNode> named =
        name.isEmpty() ? defaultClass() : Optional.of(classNamed(request, name));
    int priority = named.map(c -> c.path("value").asInt()).orElse(0);
    named.filter(c -> name.isEmpty()).ifPresent(c -> spec.put("priorityClassName", Meta.name(c)));
    JsonNode given = spec.path("priority");
    if (given.isNumber() && given.asInt() != priority) {
      throw forbidden(
          request,
          "the integer value of priority ("
              + given
              + ") must not be provided in pod spec; priority admission controller computed "
              + priority
              + " from the given PriorityClass name");
    }
    spec.put("priority", priority);
    String policy = named.map(c -> c.path("preemptionPolicy").asText("")).orElse("");
    if (policy.isEmpty()) {
      return;
    }
    String own = spec.path("preemptionPolicy").asText("");
    if (!own.isEmpty() && !own.equals(policy)) {
      throw forbidden(
          request,
          "the string value of PreemptionPolicy ("
              + own
              + ") must not be provided in pod spec; priority admission controller computed "
              + policy
              + " from the given PriorityClass name");
    }
    spec.put("preemptionPolicy", policy);
  }

  /** A client that leaves out what was computed keeps it. */
  private static void keep(AdmissionRequest request) {
    if (!(request.object().get("spec") instanceof ObjectNode spec)) {
      return;
    }
    for (String field : new String[] {"priority", "preemptionPolicy"}) {
      JsonNode before = request.old().path("spec").get(field);
      if (before != null && !spec.hasNonNull(field)) {
        spec.set(field, before);
      }
    }
  }

  private ObjectNode classNamed(AdmissionRequest request, String name) {
    ObjectNode found = lister.get(CLASSES, "", name);
    if (found == null) {
      throw forbidden(request, "no PriorityClass with name " + name + " was found");
    }
    return found;
  }

  /** Returns the default class; if there are several, which races can make, the lowest. */
  private Optional<ObjectNode> defaultClass() {
    return lister.list(CLASSES, "").stream()
        .filter(c -> c.path("globalDefault").asBoolean())
        .min(Comparator.comparingInt(c -> c.path("value").asInt()));
  }

  private void admitClass(AdmissionRequest request) {
    if (!request.type().equals(CLASSES) || !request.object().path("globalDefault").asBoolean()) {
      return;
    }
    defaultClass()
        .map(Meta::name)
        .filter(other -> !other.equals(request.name()))
        .ifPresent(
            other -> {
              throw forbidden(
                  request,
                  "PriorityClass "
                      + other
                      + " is already marked as default. Only one default can exist");
            });
  }

  private static RuntimeException forbidden(AdmissionRequest request, String why) {
    return Status.forbidden(request.type(), request.name(), why).toException();
  }
}
