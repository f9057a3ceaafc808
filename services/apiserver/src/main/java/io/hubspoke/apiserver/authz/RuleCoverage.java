package io.hubspoke.apiserver.authz;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Compares rules: what of some is not within others ("Privilege escalation prevention"). */
public final class RuleCoverage {
  /**
   * Most combinations of verb, group, resource and name that are compared one by one. A few lists
   * multiply: a body of some kilobytes has more of them than there is memory for.
   */
  public static final int MOST_PARTS = 10_000;

  /** What is missing is told to whoever tries; he needs no more of it than he can read. */
  private static final int MOST_LINES = 100;

  private RuleCoverage() {}

  /** Returns whether {@link #missing} would have too much to compare. */
  public static boolean isTooMuch(List<PolicyRule> held, List<PolicyRule> wanted) {
    double parts = 0;
    for (PolicyRule rule : wanted) {
      if (held.stream().noneMatch(h -> covers(h, rule))) {
        // As a double: the product may be too great for a long.
        double objects =
            (double) rule.apiGroups().size()
                * rule.resources().size()
                * Math.max(1, rule.resourceNames().size());
        parts += rule.verbs().size() * (objects + rule.nonResourceUrls().size());
      }
    }
    return parts > MOST_PARTS;
  }

  /**
   * Returns what is not covered, as Kubernetes writes it in its refusals, sorted; empty when the
   * held rules cover all wanted ones.
   */
  public static List<String> missing(List<PolicyRule> held, List<PolicyRule> wanted) {
    Map<PolicyRule, TreeSet<String>> verbs = new HashMap<>();
    for (PolicyRule rule : wanted) {
      if (held.stream().anyMatch(h -> covers(h, rule))) {
        continue;
      }
      for (PolicyRule part : parts(rule)) {
        if (held.stream().noneMatch(h -> covers(h, part))) {
          verbs.computeIfAbsent(withoutVerbs(part), p -> new TreeSet<>()).addAll(part.verbs());
        }
      }
    }
    TreeSet<String> lines = new TreeSet<>();
    verbs.forEach((part, missing) -> lines.add(describe(part, missing)));
    if (lines.size() <= MOST_LINES) {
      return List.copyOf(lines);
    }
    List<String> first = new ArrayList<>(lines.stream().limit(MOST_LINES).toList());
    first.add("and %d more".formatted(lines.size() - MOST_LINES));
    return first;
  }

  /** Splits a rule into ones of one verb on one resource, object or path. */
  private static List<PolicyRule> parts(PolicyRule rule) {
    List<PolicyRule> parts = new ArrayList<>();
    for (String verb : rule.verbs()) {
      for (String group : rule.apiGroups()) {
        for (String resource : rule.resources()) {
          for (List<String> name : alternatives(rule.resourceNames())) {
            parts.add(
                new PolicyRule(List.of(verb), List.of(group), List.of(resource), name, List.of()));
          }
        }
      }
      for (String url : rule.nonResourceUrls()) {
        parts.add(new PolicyRule(List.of(verb), List.of(), List.of(), List.of(), List.of(url)));
      }
    }
    return parts;
  }

  /** No names at all mean every object, which is one alternative of its own. */
  private static List<List<String>> alternatives(List<String> names) {
    return names.isEmpty() ? List.of(List.of()) : names.stream().map(List::of).toList();
  }

  private static boolean covers(PolicyRule held, PolicyRule part) {
    return (held.verbs().contains("*") || held.verbs().containsAll(part.verbs()))
        && (held.apiGroups().contains("*") || held.apiGroups().containsAll(part.apiGroups()))
        && part.resources().stream().allMatch(resource -> coversResource(held, resource))
        && part.nonResourceUrls().stream().allMatch(url -> coversUrl(held, url))
        && coversNames(held, part);
  }

  private static boolean coversResource(PolicyRule held, String resource) {
    int slash = resource.indexOf('/');
    return held.resources().contains("*")
        || held.resources().contains(resource)
        || (slash >= 0 && held.resources().contains("*" + resource.substring(slash)));
  }

  private static boolean coversUrl(PolicyRule held, String url) {
    for (String pattern : held.nonResourceUrls()) {
      if (pattern.equals("*")
          || pattern.equals(url)
          || (pattern.endsWith("*")
              && url.startsWith(pattern.substring(0, pattern.length() - 1)))) {
        return true;
      }
    }
    return false;
  }

  private static boolean coversNames(PolicyRule held, PolicyRule part) {
    return held.resourceNames().isEmpty()
        || (!part.resourceNames().isEmpty()
            && held.resourceNames().containsAll(part.resourceNames()));
  }

  private static PolicyRule withoutVerbs(PolicyRule part) {
    return new PolicyRule(
        List.of(),
        part.apiGroups(),
        part.resources(),
        part.resourceNames(),
        part.nonResourceUrls());
  }

  private static String describe(PolicyRule part, Set<String> verbs) {
    List<String> written = new ArrayList<>();
    add(written, "NonResourceURLs", part.nonResourceUrls());
    add(written, "APIGroups", part.apiGroups());
    add(written, "Resources", part.resources());
    add(written, "ResourceNames", part.resourceNames());
    written.add("Verbs:" + quoted(verbs));
    return "{" + String.join(", ", written) + "}";
  }

  private static void add(List<String> written, String field, List<String> values) {
    if (!values.isEmpty()) {
      written.add(field + ":" + quoted(values));
    }
  }

  private static String quoted(Iterable<String> values) {
    List<String> quoted = new ArrayList<>();
    values.forEach(value -> quoted.add('"' + value + '"'));
    return "[" + String.join(" ", quoted) + "]";
  }
}
