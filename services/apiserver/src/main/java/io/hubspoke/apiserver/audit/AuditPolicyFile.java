package io.hubspoke.apiserver.audit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import io.hubspoke.api.Yaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads a policy from a file; what is wrong with it is said in a line that names the field. */
final class AuditPolicyFile {
  private static final Logger LOG = LoggerFactory.getLogger(AuditPolicyFile.class);
  private static final String VERSION = "audit.k8s.io/v1";
  private static final Set<String> FIELDS =
      Set.of("apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields");
  private static final Set<String> RULE_FIELDS =
      Set.of(
          "level",
          "users",
          "userGroups",
          "verbs",
          "resources",
          "namespaces",
          "nonResourceURLs",
          "omitStages",
          "omitManagedFields");
  private static final Set<String> RESOURCE_FIELDS = Set.of("group", "resources", "resourceNames");

  private AuditPolicyFile() {}

  /**
   * Reads and checks a file.
   *
   * @throws IllegalArgumentException in a line that names the field
   */
  static AuditPolicy read(Path file) throws IOException {
    return parse(Yaml.parseObject(Files.readAllBytes(file)));
  }

  static AuditPolicy parse(ObjectNode policy) {
    expect("apiVersion", policy.path("apiVersion").asText(""), List.of(VERSION));
    expect("kind", policy.path("kind").asText(""), List.of("Policy"));
    warnOfUnknown("", policy, FIELDS);
    List<AuditRule> rules = new ArrayList<>();
    JsonNode given = array(policy, "", "rules");
    for (int i = 0; i < given.size(); i++) {
      rules.add(rule(given.get(i), "rules[" + i + "]"));
    }
    if (rules.isEmpty()) {
      throw new IllegalArgumentException("rules: Required value: a policy needs at least one rule");
    }
    return new AuditPolicy(
        rules, stages(policy, ""), flag(policy, "", "omitManagedFields").orElse(false));
  }

  private static AuditRule rule(JsonNode rule, String path) {
    warnOfUnknown(path + ".", rule, RULE_FIELDS);
    String level = rule.path("level").asText("");
    if (level.isEmpty()) {
      throw new IllegalArgumentException(path + ".level: Required value");
    }
    List<AuditRule.Resources> resources = new ArrayList<>();
    JsonNode given = array(rule, path + ".", "resources");
    for (int i = 0; i < given.size(); i++) {
      resources.add(resources(given.get(i), path + ".resources[" + i + "]"));
    }
    List<String> namespaces = strings(rule, path + ".", "namespaces");
    List<String> urls = strings(rule, path + ".", "nonResourceURLs");
    checkUrls(urls, path, !resources.isEmpty() || !namespaces.isEmpty());
    return new AuditRule(
        AuditLevel.of(level)
            .orElseThrow(
                () ->
                    notSupported(
                        path + ".level",
                        level,
                        List.of("Metadata", "None", "Request", "RequestResponse"))),
        strings(rule, path + ".", "users"),
        strings(rule, path + ".", "userGroups"),
        strings(rule, path + ".", "verbs"),
        resources,
        namespaces,
        urls,
        stages(rule, path + "."),
        flag(rule, path + ".", "omitManagedFields"));
  }

  private static AuditRule.Resources resources(JsonNode given, String path) {
    warnOfUnknown(path + ".", given, RESOURCE_FIELDS);
    String group = given.path("group").asText("");
    if (!group.isEmpty()) {
      List<String> problems = Names.dns1123Subdomain(group);
      if (!problems.isEmpty()) {
        throw invalid(path + ".group", group, problems.getFirst());
      }
    }
    List<String> resources = strings(given, path + ".", "resources");
    List<String> names = strings(given, path + ".", "resourceNames");
    if (!names.isEmpty() && resources.isEmpty()) {
      throw invalid(
          path + ".resourceNames",
          names.getFirst(),
          "using resourceNames requires at least one resource");
    }
    return new AuditRule.Resources(group, resources, names);
  }

  private static void checkUrls(List<String> urls, String path, boolean regular) {
    if (regular && !urls.isEmpty()) {
      throw invalid(
          path + ".nonResourceURLs",
          urls.getFirst(),
          "rules cannot apply to both regular resources and non-resource URLs");
    }
    for (int i = 0; i < urls.size(); i++) {
      String url = urls.get(i);
      String field = path + ".nonResourceURLs[" + i + "]";
      if (url.equals("*")) {
        continue;
      }
      if (!url.startsWith("/")) {
        throw invalid(field, url, "non-resource URL rules must begin with a '/' character");
      }
      int star = url.indexOf('*');
      if (star >= 0 && star < url.length() - 1) {
        throw invalid(
            field, url, "non-resource URL wildcards '*' must be the final character of the rule");
      }
    }
  }

  private static Set<AuditStage> stages(JsonNode object, String prefix) {
    Set<AuditStage> stages = EnumSet.noneOf(AuditStage.class);
    List<String> given = strings(object, prefix, "omitStages");
    for (int i = 0; i < given.size(); i++) {
      String stage = given.get(i);
      String field = prefix + "omitStages[" + i + "]";
      stages.add(
          AuditStage.of(stage)
              .orElseThrow(
                  () ->
                      notSupported(
                          field,
                          stage,
                          List.of(
                              "Panic", "RequestReceived", "ResponseComplete", "ResponseStarted"))));
    }
    return stages;
  }

  private static Optional<Boolean> flag(JsonNode object, String prefix, String field) {
    JsonNode value = object.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return Optional.empty();
    }
    if (!value.isBoolean()) {
      throw invalid(prefix + field, value.asText(), "must be true or false");
    }
    return Optional.of(value.asBoolean());
  }

  private static List<String> strings(JsonNode object, String prefix, String field) {
    List<String> values = new ArrayList<>();
    for (JsonNode value : array(object, prefix, field)) {
      if (!value.isTextual()) {
        throw invalid(prefix + field, value.toString(), "must be a list of strings");
      }
      values.add(value.asText());
    }
    return List.copyOf(values);
  }

  private static JsonNode array(JsonNode object, String prefix, String field) {
    JsonNode value = object.path(field);
    if (!value.isMissingNode() && !value.isNull() && !value.isArray()) {
      throw invalid(prefix + field, value.toString(), "must be a list");
    }
    return value;
  }

  private static void expect(String field, String value, List<String> supported) {
    if (!supported.contains(value)) {
      throw notSupported(field, value, supported);
    }
  }

  /** The real one goes on as well, and says so. */
  private static void warnOfUnknown(String prefix, JsonNode object, Set<String> known) {
    for (var field : object.properties()) {
      if (!known.contains(field.getKey())) {
        LOG.warn("--audit-policy-file: unknown field \"{}{}\" is ignored", prefix, field.getKey());
      }
    }
  }

  private static IllegalArgumentException notSupported(
      String field, String value, List<String> supported) {
    String quoted = String.join(", ", supported.stream().map(s -> '"' + s + '"').toList());
    return new IllegalArgumentException(
        "%s: Unsupported value: \"%s\": supported values: %s".formatted(field, value, quoted));
  }

  private static IllegalArgumentException invalid(String field, String value, String why) {
    return new IllegalArgumentException(
        "%s: Invalid value: \"%s\": %s".formatted(field, value, why));
  }
}
