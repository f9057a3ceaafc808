package io.hubspoke.controllermanager.workloads;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.util.Arrays;
import java.util.List;

/**
 * What a revision keeps of its owner: a strategic merge patch that puts back the whole template.
 * {@code kubectl rollout undo} applies it, and compares it byte by byte with the one that it makes
 * itself; hence the order of fields, and those that the API's own types always write.
 */
public final class TemplatePatch {
  private TemplatePatch() {}

  public static ObjectNode of(Templated<?> set) {
    return patch(set.template());
  }

  /** Returns whether a revision's data are of the owner's present template. */
  public static boolean matches(Templated<?> set, JsonNode data) {
    var kept = data.path("spec").path("template");
    return kept instanceof ObjectNode template
        && Arrays.equals(Json.bytes(patch(template)), Json.bytes(of(set)));
  }

  private static ObjectNode patch(ObjectNode template) {
    var copy = template.deepCopy();
    copy.put("$patch", "replace");
    var metadata = copy.withObject("metadata");
    if (!metadata.has("creationTimestamp")) {
      metadata.putNull("creationTimestamp");
    }
    for (var containers : List.of("initContainers", "containers")) {
      for (var container : copy.path("spec").path(containers)) {
        if (container instanceof ObjectNode c && !c.has("resources")) {
          c.putObject("resources");
        }
      }
    }
    var patch = Json.object();
    patch.putObject("spec").set("template", TemplateHash.sorted(copy));
    return patch;
  }
}
