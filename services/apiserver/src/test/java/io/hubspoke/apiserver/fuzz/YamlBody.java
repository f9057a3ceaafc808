package io.hubspoke.apiserver.fuzz;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Yaml;

/** A body in YAML is an object that JSON can carry, or a bad request. */
public final class YamlBody {
  private YamlBody() {}

  public static void fuzzerTestOneInput(byte[] input) {
    ObjectNode object;
    try {
      object = Yaml.parseObject(input);
    } catch (ApiException refused) {
      return;
    }
    byte[] written = Json.bytes(object);
    Expect.equal(written, Json.bytes(Json.parseObject(written)));
  }
}
