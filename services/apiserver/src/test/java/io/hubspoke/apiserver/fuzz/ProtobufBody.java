package io.hubspoke.apiserver.fuzz;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.protobuf.Protobuf;

/** A body in protobuf is an object that can be written in JSON and again, or a bad request. */
public final class ProtobufBody {
  private ProtobufBody() {}

  public static void fuzzerTestOneInput(byte[] input) {
    ObjectNode object;
    try {
      object = Protobuf.parseObject(input);
    } catch (ApiException refused) {
      return;
    }
    Json.parseObject(Json.bytes(object));
    Protobuf.encode(object);
  }
}
