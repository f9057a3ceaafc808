package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Names;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Validates webhooks in the words of the real apiserver. */
final class WebhookRules {
  private static final Set<String> FAILURE_POLICIES = Set.of("Fail", "Ignore");
  private static final Set<String> MATCH_POLICIES = Set.of("Equivalent", "Exact");
  private static final Set<String> REINVOCATION_POLICIES = Set.of("IfNeeded", "Never");
  private static final Set<String> OPERATIONS =
      Set.of("*", "CONNECT", "CREATE", "DELETE", "UPDATE");
  private static final Set<String> SCOPES = Set.of("*", "Cluster", "Namespaced");
  private static final List<String> REVIEW_VERSIONS = List.of("v1", "v1beta1");

  /** Others would make a dry run do something (what v1 allows of {@code sideEffects}). */
  private static final List<String> SIDE_EFFECTS = List.of("None", "NoneOnDryRun");

  private static final int LONGEST_SECONDS = 30;
  private static final String URL_FORM = "; desired format: https://host[/path]";

  private final FieldErrors errors;
  private final boolean mutating;

  WebhookRules(FieldErrors errors, boolean mutating) {
    this.errors = errors;
    this.mutating = mutating;
  }

  /** A list of strings as Go prints it. */
  private record GoStrings(String type, List<String> values) {
    @Override
    public String toString() {
      return values.stream()
          .map(value -> '"' + value + '"')
          .collect(Collectors.joining(", ", type + "{", "}"));
    }
  }

  void validate(JsonNode webhooks) {
    Set<String> names = new HashSet<>();
    for (int i = 0; i < webhooks.size(); i++) {
      String path = "webhooks[" + i + "]";
      webhook(webhooks.get(i), path);
      String name = webhooks.get(i).path("name").asText("");
      if (!name.isEmpty() && !names.add(name)) {
        errors.duplicate(path + ".name", name);
      }
    }
  }

  private void webhook(JsonNode webhook, String path) {
    name(webhook.path("name").asText(""), path + ".name");
    for (int i = 0; i < webhook.path("rules").size(); i++) {
      rule(webhook.path("rules").get(i), path + ".rules[" + i + "]");
    }
    oneOf(webhook, "failurePolicy", path, FAILURE_POLICIES);
    oneOf(webhook, "matchPolicy", path, MATCH_POLICIES);
    if (webhook.path("sideEffects").asText("").isEmpty()) {
      errors.required(
          path + ".sideEffects", "must specify one of " + String.join(", ", SIDE_EFFECTS));
    } else {
      oneOf(webhook, "sideEffects", path, Set.copyOf(SIDE_EFFECTS));
    }
    int seconds = webhook.path("timeoutSeconds").asInt();
    if (seconds < 1 || seconds > LONGEST_SECONDS) {
      errors.invalid(
          path + ".timeoutSeconds", seconds, "the timeout value must be between 1 and 30 seconds");
    }
    LabelSelectorRules.validate(
        webhook.path("namespaceSelector"), path + ".namespaceSelector", errors);
    LabelSelectorRules.validate(webhook.path("objectSelector"), path + ".objectSelector", errors);
    if (mutating) {
      oneOf(webhook, "reinvocationPolicy", path, REINVOCATION_POLICIES);
    }
    clientConfig(webhook.path("clientConfig"), path + ".clientConfig");
    if (!webhook.path("matchConditions").isEmpty()) {
      errors.forbidden(
          path + ".matchConditions",
          "this server does not evaluate CEL expressions; choose requests by rules,"
              + " namespaceSelector and objectSelector");
    }
    reviewVersions(webhook.path("admissionReviewVersions"), path + ".admissionReviewVersions");
  }

  private void name(String name, String path) {
    if (name.isEmpty()) {
      errors.required(path, "");
      return;
    }
    List<String> wrong = Names.dns1123Subdomain(name);
    if (!wrong.isEmpty()) {
      errors.invalid(path, name, String.join(",", wrong));
    } else if (name.split("\\.", -1).length < 3) {
      errors.invalid(
          path, name, "should be a domain with at least three segments separated by dots");
    }
  }

  private void oneOf(JsonNode webhook, String field, String path, Set<String> values) {
    String value = webhook.path(field).asText("");
    if (!values.contains(value)) {
      errors.notSupported(path + "." + field, value, values);
    }
  }

  private void rule(JsonNode rule, String path) {
    List<String> operations = texts(rule.path("operations"));
    lonely(
        operations,
        path + ".operations",
        "[]admissionregistration.OperationType",
        "if '*' is present, must not specify other operations");
    for (int i = 0; i < operations.size(); i++) {
      if (!OPERATIONS.contains(operations.get(i))) {
        errors.notSupported(path + ".operations[" + i + "]", operations.get(i), OPERATIONS);
      }
    }
    lonely(
        texts(rule.path("apiGroups")),
        path + ".apiGroups",
        "[]string",
        "if '*' is present, must not specify other API groups");
    List<String> versions = texts(rule.path("apiVersions"));
    lonely(
        versions,
        path + ".apiVersions",
        "[]string",
        "if '*' is present, must not specify other API versions");
    for (int i = 0; i < versions.size(); i++) {
      if (versions.get(i).isEmpty()) {
        errors.required(path + ".apiVersions[" + i + "]", "");
      }
    }
    resources(texts(rule.path("resources")), path + ".resources");
    oneOf(rule, "scope", path, SCOPES);
  }

  /** Requires a list that has its wildcard alone. */
  private void lonely(List<String> values, String path, String type, String why) {
    if (values.isEmpty()) {
      errors.required(path, "");
    } else if (values.size() > 1 && values.contains("*")) {
      errors.invalid(path, new GoStrings(type, values), why);
    }
  }

  private void resources(List<String> resources, String path) {
    if (resources.isEmpty()) {
      errors.required(path, "");
    }
    Set<String> withAllSubresources = new HashSet<>();
    Set<String> ofAllResources = new HashSet<>();
    boolean plain = false;
    for (int i = 0; i < resources.size(); i++) {
      String at = path + "[" + i + "]";
      String name = resources.get(i);
      int slash = name.indexOf('/');
      if (name.isEmpty()) {
        errors.required(at, "");
      } else if (slash < 0) {
        plain |= !name.equals("*");
      } else {
        String resource = name.substring(0, slash);
        String subresource = name.substring(slash + 1);
        if (withAllSubresources.contains(resource)) {
          errors.invalid(at, name, "if '" + resource + "/*' is present, must not specify " + name);
        }
        if (ofAllResources.contains(subresource)) {
          errors.invalid(
              at, name, "if '*/" + subresource + "' is present, must not specify " + name);
        }
        if (subresource.equals("*")) {
          withAllSubresources.add(resource);
        }
        if (resource.equals("*")) {
          ofAllResources.add(subresource);
        }
      }
    }
    GoStrings all = new GoStrings("[]string", resources);
    if (resources.size() > 1 && resources.contains("*/*")) {
      errors.invalid(path, all, "if '*/*' is present, must not specify other resources");
    }
    if (plain && resources.contains("*")) {
      errors.invalid(
          path, all, "if '*' is present, must not specify other resources without subresources");
    }
  }

  private void clientConfig(JsonNode config, String path) {
    boolean url = config.has("url");
    if (url == config.has("service")) {
      errors.required(path, "exactly one of url or service is required");
    } else if (url) {
      url(config.path("url").asText(), path + ".url");
    } else {
      service(config.path("service"), path + ".service");
    }
  }

  private void url(String text, String path) {
    URI url;
    try {
      url = new URI(text);
    } catch (URISyntaxException e) {
      errors.required(path, "url must be a valid URL: " + e.getMessage() + URL_FORM);
      return;
    }
    if (!"https".equals(url.getScheme())) {
      errors.invalid(
          path,
          url.getScheme() == null ? "" : url.getScheme(),
          "'https' is the only allowed URL scheme" + URL_FORM);
    }
    if (url.getHost() == null || url.getPort() > 65_535) {
      errors.invalid(
          path,
          url.getRawAuthority() == null ? "" : url.getRawAuthority(),
          "host must be specified" + URL_FORM);
    }
    absent(path, url.getRawUserInfo(), "user information is not permitted in the URL");
    absent(path, url.getRawFragment(), "fragments are not permitted in the URL");
    absent(path, url.getRawQuery(), "query parameters are not permitted in the URL");
  }

  private void absent(String path, String part, String why) {
    if (part != null && !part.isEmpty()) {
      errors.invalid(path, part, why);
    }
  }

  private void service(JsonNode service, String path) {
    if (service.path("name").asText("").isEmpty()) {
      errors.required(path + ".name", "service name is required");
    }
    if (service.path("namespace").asText("").isEmpty()) {
      errors.required(path + ".namespace", "service namespace is required");
    }
    int port = service.path("port").asInt();
    if (port < 1 || port > 65_535) {
      errors.invalid(
          path + ".port", port, "port is not valid: must be between 1 and 65535, inclusive");
    }
    String url = service.path("path").asText("");
    if (!url.isEmpty() && !url.equals("/")) {
      path(url, path + ".path");
    }
  }

  private void path(String url, String path) {
    if (!url.startsWith("/")) {
      errors.invalid(path, url, "must start with a '/'");
    }
    String steps = url.endsWith("/") ? url.substring(1, url.length() - 1) : url.substring(1);
    String[] split = steps.split("/", -1);
    for (int i = 0; i < split.length; i++) {
      if (split[i].isEmpty()) {
        errors.invalid(path, url, "segment[" + i + "] may not be empty");
        continue;
      }
      for (String wrong : Names.dns1123Subdomain(split[i])) {
        errors.invalid(path, url, "segment[" + i + "]: " + wrong);
      }
    }
  }

  private void reviewVersions(JsonNode given, String path) {
    List<String> versions = texts(given);
    if (versions.isEmpty()) {
      errors.required(path, "must specify one of " + String.join(", ", REVIEW_VERSIONS));
      return;
    }
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < versions.size(); i++) {
      String version = versions.get(i);
      if (!seen.add(version)) {
        errors.invalid(path + "[" + i + "]", version, "duplicate version");
      } else {
        errors.invalid(path + "[" + i + "]", version, Names.dns1035Label(version));
      }
    }
    if (versions.stream().noneMatch(REVIEW_VERSIONS::contains)) {
      errors.invalid(
          path,
          new GoStrings("[]string", versions),
          "must include at least one of " + String.join(", ", REVIEW_VERSIONS));
    }
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(value -> texts.add(value.asText("")));
    return texts;
  }
}
