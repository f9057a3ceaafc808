package io.hubspoke.apiserver.registry;

import java.util.Set;

/**
 * Subresources whose change the registry itself makes, field by field, so that no strategy needs to
 * restrict it.
 */
final class DirectSubresources {
  private static final Set<String> NAMES = Set.of("pods/binding", "namespaces/finalize");

  private DirectSubresources() {}

  static boolean contains(Target target) {
    return NAMES.contains(target.type().plural() + "/" + target.subresource());
  }
}
