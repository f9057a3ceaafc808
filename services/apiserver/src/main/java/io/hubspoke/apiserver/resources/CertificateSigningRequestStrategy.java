package io.hubspoke.apiserver.resources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Names;
import io.hubspoke.pki.Csr;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * CertificateSigningRequests: the server notes who asks, approval and signing are subresources of
 * their own, and the request itself never changes (Kubernetes, "Certificates and Certificate
 * Signing Requests").
 */
final class CertificateSigningRequestStrategy extends GenericStrategy {
  private static final Set<String> DECISIONS = Set.of("Approved", "Denied");
  private static final List<String> USAGES =
      List.of(
          "any",
          "cert sign",
          "client auth",
          "code signing",
          "content commitment",
          "crl sign",
          "data encipherment",
          "decipher only",
          "digital signature",
          "email protection",
          "encipher only",
          "ipsec end system",
          "ipsec tunnel",
          "ipsec user",
          "key agreement",
          "key encipherment",
          "microsoft sgc",
          "netscape sgc",
          "ocsp signing",
          "s/mime",
          "server auth",
          "signing",
          "timestamping");

  CertificateSigningRequestStrategy() {
    super(false, true, Map.of("spec.signerName", at("spec", "signerName")));
  }

  /** Writes down who asks, whatever the client claims. */
  @Override
  void begin(ObjectNode csr, Requester requester) {
    ObjectNode spec = object(csr, "spec");
    spec.remove(List.of("username", "uid", "groups", "extra"));
    spec.put("username", requester.username());
    if (!requester.uid().isEmpty()) {
      spec.put("uid", requester.uid());
    }
    if (!requester.groups().isEmpty()) {
      ArrayNode groups = spec.putArray("groups");
      requester.groups().forEach(groups::add);
    }
    if (!requester.extra().isEmpty()) {
      ObjectNode extra = spec.putObject("extra");
      requester
          .extra()
          .forEach(
              (key, values) -> {
                ArrayNode list = extra.putArray(key);
                values.forEach(list::add);
              });
    }
    object(csr, "status");
  }

  @Override
  void change(ObjectNode csr, ObjectNode old, String subresource, Requester requester) {
    keep(csr, old, "spec");
    ObjectNode status = object(csr, "status");
    ObjectNode before = old.get("status") instanceof ObjectNode o ? o : status.objectNode();
    switch (subresource) {
      case "status" -> conditions(status, before, true);
      case "approval" -> {
        conditions(status, before, false);
        ArrayNode decided = status.path("conditions") instanceof ArrayNode a ? a : null;
        ObjectNode whole = before.deepCopy();
        if (decided == null) {
          whole.remove("conditions");
        } else {
          whole.set("conditions", decided);
        }
        csr.set("status", whole);
      }
      default -> {}
    }
    String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    for (ObjectNode condition : objects(csr.path("status"), "conditions")) {
      setDefault(condition, "lastUpdateTime", now);
      setDefault(condition, "lastTransitionTime", now);
    }
  }

  /**
   * Takes the conditions that a subresource may not change from before: decisions for {@code
   * status}, all others for {@code approval}.
   */
  private static void conditions(ObjectNode status, ObjectNode before, boolean keepDecisions) {
    ArrayNode merged = status.arrayNode();
    before
        .path("conditions")
        .forEach(
            c -> {
              if (isDecision(c) == keepDecisions) {
                merged.add(c.deepCopy());
              }
            });
    status
        .path("conditions")
        .forEach(
            c -> {
              if (isDecision(c) != keepDecisions) {
                merged.add(c);
              }
            });
    if (merged.isEmpty()) {
      status.remove("conditions");
    } else {
      status.set("conditions", merged);
    }
  }

  private static boolean isDecision(JsonNode condition) {
    return DECISIONS.contains(condition.path("type").asText(""));
  }

  @Override
  void validate(ObjectNode csr, FieldErrors errors) {
    JsonNode spec = csr.path("spec");
    request(spec.path("request").asText(""), errors);
    usages(spec.path("usages"), errors);
    signer(spec.path("signerName").asText(""), errors);
    if (spec.has("expirationSeconds") && spec.get("expirationSeconds").asLong() < 600) {
      errors.invalid(
          "spec.expirationSeconds",
          spec.get("expirationSeconds"),
          "may not specify a duration less than 600 seconds (10 minutes)");
    }
  }

  @Override
  void validateUpdate(ObjectNode csr, ObjectNode old, String subresource, FieldErrors errors) {
    Set<String> types = new HashSet<>();
    JsonNode conditions = csr.path("status").path("conditions");
    for (int i = 0; i < conditions.size(); i++) {
      String path = "status.conditions[" + i + "]";
      String type = conditions.get(i).path("type").asText("");
      if (type.isEmpty()) {
        errors.required(path + ".type", "");
      } else if (!types.add(type)) {
        errors.duplicate(path + ".type", type);
      }
      String status = conditions.get(i).path("status").asText("");
      if (status.isEmpty()) {
        errors.required(path + ".status", "");
      } else if (!status.equals("True")
          && (isDecision(conditions.get(i)) || type.equals("Failed"))) {
        errors.notSupported(path + ".status", status, List.of("True"));
      }
    }
    if (types.containsAll(DECISIONS)) {
      errors.invalid(
          "status.conditions", "Denied", "Approved and Denied conditions are mutually exclusive");
    }
    for (JsonNode condition : old.path("status").path("conditions")) {
      if (isDecision(condition) && !types.contains(condition.path("type").asText())) {
        errors.forbidden(
            "status.conditions",
            "updates may not remove a condition of type \""
                + condition.path("type").asText()
                + "\"");
      }
    }
    String before = old.path("status").path("certificate").asText("");
    String now = csr.path("status").path("certificate").asText("");
    if (!before.isEmpty() && !before.equals(now)) {
      errors.forbidden(
          "status.certificate", "updates may not set certificate content that is already set");
    }
  }

  private static void request(String encoded, FieldErrors errors) {
    if (encoded.isEmpty()) {
      errors.required("spec.request", "");
      return;
    }
    try {
      byte[] pem = Base64.getDecoder().decode(encoded.strip());
      Csr.parse(new String(pem, StandardCharsets.US_ASCII));
    } catch (IllegalArgumentException e) {
      errors.invalid("spec.request", "...", e.getMessage());
    }
  }

  private static void usages(JsonNode usages, FieldErrors errors) {
    if (usages.isEmpty()) {
      errors.required("spec.usages", "");
    }
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < usages.size(); i++) {
      String usage = usages.get(i).asText("");
      if (!USAGES.contains(usage)) {
        errors.notSupported("spec.usages[" + i + "]", usage, USAGES);
      }
      if (!seen.add(usage)) {
        errors.duplicate("spec.usages[" + i + "]", usage);
      }
    }
  }

  private static void signer(String name, FieldErrors errors) {
    if (name.isEmpty()) {
      errors.required("spec.signerName", "");
      return;
    }
    int slash = name.indexOf('/');
    if (slash <= 0 || slash == name.length() - 1) {
      errors.invalid(
          "spec.signerName",
          name,
          "must be a fully qualified domain and path of the form 'example.com/signer-name'");
      return;
    }
    String domain = name.substring(0, slash);
    errors.invalid("spec.signerName", domain, Names.dns1123Subdomain(domain));
    if (domain.indexOf('.') < 0) {
      errors.invalid(
          "spec.signerName",
          domain,
          "should be a domain with at least two segments separated by dots");
    }
    String path = name.substring(slash + 1);
    if (path.indexOf('/') >= 0) {
      errors.invalid("spec.signerName", path, Names.dns1123Subdomain(path));
    }
  }
}
