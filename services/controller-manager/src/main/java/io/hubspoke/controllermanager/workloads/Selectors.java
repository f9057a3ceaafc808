package io.hubspoke.controllermanager.workloads;

import io.hubspoke.api.Json;
import io.hubspoke.api.LabelSelector;

/** Reads the selectors of typed objects. */
public final class Selectors {
  private static final LabelSelector.Requirement NEVER =
      new LabelSelector.Requirement("", LabelSelector.Operator.EXISTS, java.util.Set.of());
  private static final LabelSelector NOTHING = new LabelSelector(java.util.List.of(NEVER));

  private Selectors() {}

  /** Returns what the selector says; an empty or absent one selects nothing. */
  public static LabelSelector of(io.fabric8.kubernetes.api.model.LabelSelector selector) {
    if (selector == null) {
      return NOTHING;
    }
    var read = LabelSelector.fromObject(Json.tree(selector));
    return read.isEmpty() ? NOTHING : read;
  }
}
