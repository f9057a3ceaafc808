package io.hubspoke.apiserver.fuzz;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;

/** A body in JSON is an object that is written as it was read, or a bad request. */
public final class JsonBody {
  private JsonBody() {}

  public static void fuzzerTestOneInput(byte[] input) {
    ObjectNode object;
    try {
      object = Json.parseObject(input);
    } catch (ApiException refused) {
      return;
    }
    byte[] written = Json.bytes(object);
    Expect.equal(written, Json.bytes(Json.parseObject(written)));
  }
}
