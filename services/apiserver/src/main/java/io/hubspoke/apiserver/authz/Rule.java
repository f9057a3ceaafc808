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

  /**
   * Reads {@code verbs resources [in groups] [named objects]}, each a list with commas. Without
   * groups it is the core one, which beside others is called {@code core}.
   */
  static Rule parse(String line) {
    String[] words = line.split(" ", -1);
    List<String> groups = List.of("");
    List<String> names = List.of();
    for (int i = 2; i < words.length; i += 2) {
      List<String> values = List.of(words[i + 1].split(",", -1));
      switch (words[i]) {
        case "in" -> groups = values.stream().map(g -> g.equals("core") ? "" : g).toList();
        case "named" -> names = values;
        default -> throw new IllegalArgumentException(line);
      }
    }
    Rule rule = new Rule(groups, List.of(words[1].split(",", -1)), List.of());
    rule.names = names;
    return rule.can(words[0].split(",", -1));
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
