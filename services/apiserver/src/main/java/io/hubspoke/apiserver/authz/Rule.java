package io.hubspoke.apiserver.authz;

import java.util.List;

/** Spells out a {@link PolicyRule} so that the default roles read as a list. */
final class Rule {
  private final List<String> groups;
  private final List<String> resources;
  private final List<String> urls;
  private List<String> names = List.of();
  private List<String> verbs = List.of();

  private Rule(List<String> groups, List<String> resources, List<String> urls) {
    this.groups = groups;
    this.resources = resources;
    this.urls = urls;
  }

  static Rule on(String group, String... resources) {
    return on(List.of(group), resources);
  }

  static Rule on(List<String> groups, String... resources) {
    return new Rule(groups, List.of(resources), List.of());
  }

  static Rule urls(String... urls) {
    return new Rule(List.of(), List.of(), List.of(urls));
  }

  Rule named(String... objects) {
    names = List.of(objects);
    return this;
  }

  Rule can(String... what) {
    verbs = List.of(what);
    return this;
  }

  PolicyRule build() {
    return new PolicyRule(verbs, groups, resources, names, urls);
  }
}
