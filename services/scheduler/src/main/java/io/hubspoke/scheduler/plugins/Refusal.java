package io.hubspoke.scheduler.plugins;

import java.util.List;

/**
 * Why a node is not for a pod, in the words of the real plugins.
 *
 * @param curable whether it may be once other pods are gone from the node
 */
public record Refusal(List<String> reasons, boolean curable) {
  static Refusal curable(String reason) {
    return new Refusal(List.of(reason), true);
  }

  static Refusal lasting(String reason) {
    return new Refusal(List.of(reason), false);
  }
}
