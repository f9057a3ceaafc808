package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.TypeBuilder.type;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** The resources of {@code scheduling.k8s.io} and {@code node.k8s.io}. */
public final class SchedulingResources {
  public static final Resource PRIORITY_CLASSES =
      type("scheduling.k8s.io", "PriorityClass", "priorityclasses", false)
          .alias("pc")
          .with(new PriorityClassStrategy(), priorityClasses());
  public static final Resource RUNTIME_CLASSES =
      type("node.k8s.io", "RuntimeClass", "runtimeclasses", false)
          .with(new RuntimeClassStrategy(), runtimeClasses());

  static final List<Resource> ALL = List.of(RUNTIME_CLASSES, PRIORITY_CLASSES);

  private SchedulingResources() {}

  /** Returns the priority classes that every cluster has. */
  public static List<ObjectNode> systemPriorityClasses() {
    return PriorityClassStrategy.systemClasses();
  }

  private static TableColumns priorityClasses() {
    return ColumnList.named()
        .number("Value", "How high it is.", 0, o -> o.path("value").asInt())
        .bool(
            "Global-Default",
            "Whether pods that name no class get it.",
            o -> o.path("globalDefault").asBoolean())
        .age()
        .text(
            "PreemptionPolicy",
            "Whether its pods take the place of others.",
            o -> o.path("preemptionPolicy").asText(""));
  }

  private static TableColumns runtimeClasses() {
    return ColumnList.named()
        .text("Handler", "What the runtime calls it.", o -> o.path("handler").asText(""))
        .age();
  }
}
