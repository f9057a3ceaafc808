package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a webhook says of a request.
 *
 * @param status why it is not allowed; empty when nothing is said of that
 * @param patch in JSON; empty for none
 */
record ReviewResponse(
    boolean allowed,
    ObjectNode status,
    Buffer patch,
    String patchType,
    List<String> warnings,
    Map<String, String> auditAnnotations) {

  static ReviewResponse of(ObjectNode response, boolean mutating, String version)
      throws InvalidReviewException {
    Buffer patch = patch(response.path("patch"));
    JsonNode type = response.path("patchType");
    boolean typed = type.isTextual();
    if (version.equals("v1")) {
      check(mutating, patch.length() > 0, typed);
      if (typed && type.textValue().isEmpty()) {
        throw new InvalidReviewException("webhook returned invalid response.patchType of \"\"");
      }
    }
    List<String> warnings = new ArrayList<>();
    response.path("warnings").forEach(warning -> warnings.add(warning.asText("")));
    Map<String, String> annotations = new LinkedHashMap<>();
    response
        .path("auditAnnotations")
        .properties()
        .forEach(e -> annotations.put(e.getKey(), e.getValue().asText("")));
    return new ReviewResponse(
        response.path("allowed").asBoolean(),
        response.get("status") instanceof ObjectNode status ? status : Json.object(),
        mutating ? patch : Buffer.buffer(),
        version.equals("v1") ? type.asText("") : "JSONPatch",
        List.copyOf(warnings),
        annotations);
  }

  private static void check(boolean mutating, boolean patched, boolean typed)
      throws InvalidReviewException {
    if (!mutating && patched) {
      throw new InvalidReviewException("validating webhook may not return response.patch");
    }
    if (!mutating && typed) {
      throw new InvalidReviewException("validating webhook may not return response.patchType");
    }
    if (patched && !typed) {
      throw new InvalidReviewException(
          "webhook returned response.patch but not response.patchType");
    }
    if (!patched && typed) {
      throw new InvalidReviewException(
          "webhook returned response.patchType but not response.patch");
    }
  }

  private static Buffer patch(JsonNode patch) throws InvalidReviewException {
    if (patch.isMissingNode() || patch.isNull()) {
      return Buffer.buffer();
    }
    try {
      if (patch.isTextual()) {
        return Buffer.buffer(patch.binaryValue());
      }
    } catch (IOException notBase64) {
      // Said below, as of everything else that is none.
    }
    throw new InvalidReviewException("response.patch must be base64");
  }

  /** Returns the answer to a request that a webhook does not allow. */
  Status denial(String webhook) {
    String denied = "admission webhook \"" + webhook + "\" denied the request";
    Status said = Status.fromJson(status);
    String why =
        !said.message().isEmpty()
            ? ": " + said.message()
            : !said.reason().isEmpty() ? ": " + said.reason() : " without explanation";
    // A denial is none with the code of a success, or one that is none of HTTP's.
    int code = said.code() < 400 || said.code() > 599 ? 400 : said.code();
    return new Status(code, said.reason(), denied + why, said.details());
  }
}
