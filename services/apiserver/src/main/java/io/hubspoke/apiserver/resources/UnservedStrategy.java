package io.hubspoke.apiserver.resources;

import io.hubspoke.api.ResourceType;
import java.util.Map;

/**
 * Kinds that clients list and watch when they start, but that nothing here acts on: there is none
 * of them, and whoever makes one is told that it would have no effect.
 */
final class UnservedStrategy extends GenericStrategy {
  private final String what;

  /**
   * @param what is not supported, in the plural
   */
  UnservedStrategy(String what) {
    super(false, false, Map.of());
    this.what = what;
  }

  @Override
  public String refusal(ResourceType type) {
    return type.qualifiedName() + " can't be written: this server does not support " + what;
  }
}
