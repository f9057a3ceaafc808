package io.hubspoke.apiserver.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.JsonPatch;
import io.hubspoke.api.MergePatch;
import io.hubspoke.api.StrategicMergePatch;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A patch in one of three forms changes an object, or is refused. */
public final class Patches {
  private static final String POD =
      """
      {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"a": "b"}},
       "spec": {"containers": [
          {"name": "a", "image": "x", "ports": [{"containerPort": 80, "protocol": "TCP"}]},
          {"name": "b", "env": [{"name": "e", "value": "v"}]}],
        "tolerations": [{"key": "k", "operator": "Exists"}]}}
      """;

  private Patches() {}

  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    try {
      JsonNode patch = Json.parse(Arrays.copyOfRange(input, 1, input.length));
      ObjectNode pod = Json.parseObject(POD.getBytes(StandardCharsets.UTF_8));
      JsonNode changed =
          switch (input[0] & 3) {
            case 0 -> JsonPatch.apply(pod, patch);
            case 1 -> MergePatch.apply(pod, patch);
            default ->
                patch instanceof ObjectNode object
                    ? StrategicMergePatch.apply("", "Pod", pod, object)
                    : pod;
          };
      Json.bytes(changed);
    } catch (ApiException refused) {
      // As it should be.
    }
  }
}
