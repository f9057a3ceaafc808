package io.hubspoke.apiserver.resources;

import io.hubspoke.api.ResourceType;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Spells out a type, whose version is {@code v1} so far for every resource. */
final class TypeBuilder {
  private static final Set<String> ALL_VERBS =
      Set.of("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch");

  private final String group;
  private final String kind;
  private final String plural;
  private final boolean namespaced;
  private List<String> shortNames = List.of();
  private List<String> categories = List.of();
  private Set<String> verbs = ALL_VERBS;
  private Set<String> subresources = Set.of();

  private TypeBuilder(String group, String kind, String plural, boolean namespaced) {
    this.group = group;
    this.kind = kind;
    this.plural = plural;
    this.namespaced = namespaced;
  }

  static TypeBuilder type(String group, String kind, String plural, boolean namespaced) {
    return new TypeBuilder(group, kind, plural, namespaced);
  }

  TypeBuilder alias(String... names) {
    shortNames = List.of(names);
    return this;
  }

  TypeBuilder category(String... names) {
    categories = List.of(names);
    return this;
  }

  TypeBuilder verbs(Set<String> names) {
    verbs = names;
    return this;
  }

  TypeBuilder sub(String... names) {
    subresources =
        Stream.concat(subresources.stream(), Stream.of(names))
            .collect(Collectors.toUnmodifiableSet());
    return this;
  }

  /** Makes the line of the table. */
  Resource with(ResourceStrategy strategy, TableColumns columns) {
    return new Resource(build(), strategy, columns);
  }

  ResourceType build() {
    return new ResourceType(
        group,
        "v1",
        plural,
        kind.toLowerCase(Locale.ROOT),
        kind,
        namespaced,
        shortNames,
        categories,
        verbs,
        subresources);
  }
}
