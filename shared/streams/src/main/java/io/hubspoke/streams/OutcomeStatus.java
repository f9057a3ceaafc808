package io.hubspoke.streams;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Status;

/**
 * Writes and reads an outcome as the error channel of an exec or attach carries it: a Status from
 * version 4 of the protocols, before that a sentence when it failed and nothing otherwise.
 */
public final class OutcomeStatus {
  private static final String NON_ZERO_EXIT_CODE = "NonZeroExitCode";
  private static final String EXIT_CODE = "ExitCode";

  private OutcomeStatus() {}

  /** Returns the Status, with the exit code as a cause for clients to read. */
  public static byte[] json(Outcome outcome) {
    return Json.bytes(
        switch (outcome) {
          case Outcome.Failed(Status status) -> status.toJson();
          case Outcome.Exited(int code) -> exited(code);
        });
  }

  /** Returns the sentence, empty on success. */
  public static String text(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Failed(Status status) -> status.message();
      case Outcome.Exited(int code) -> code == 0 ? "" : nonZero(code);
    };
  }

  /** Reads a Status; what is none is a failure that quotes it. */
  public static Outcome fromJson(byte[] bytes) {
    ObjectNode json;
    try {
      json = Json.parseObject(bytes);
    } catch (ApiException e) {
      return new Outcome.Failed(
          Status.internalError("error stream protocol error: " + e.getMessage()));
    }
    if (json.path("status").asText().equals("Success")) {
      return new Outcome.Exited(0);
    }
    if (json.path("reason").asText().equals(NON_ZERO_EXIT_CODE)) {
      for (JsonNode cause : json.path("details").path("causes")) {
        if (cause.path("reason").asText().equals(EXIT_CODE)) {
          int code = cause.path("message").asInt(-1);
          return code > 0
              ? new Outcome.Exited(code)
              : new Outcome.Failed(
                  Status.internalError(
                      "error stream protocol error: invalid exit code value \""
                          + cause.path("message").asText()
                          + "\""));
        }
      }
    }
    return new Outcome.Failed(Status.fromJson(json));
  }

  /** Reads a sentence, which only failures have. */
  public static Outcome fromText(byte[] bytes) {
    return new Outcome.Failed(Status.of(500, "Unknown", new String(bytes, UTF_8)));
  }

  private static ObjectNode exited(int code) {
    ObjectNode json = Json.object();
    json.putObject("metadata");
    if (code == 0) {
      return json.put("status", "Success");
    }
    json.put("status", "Failure").put("message", nonZero(code)).put("reason", NON_ZERO_EXIT_CODE);
    json.putObject("details")
        .putArray("causes")
        .addObject()
        .put("reason", EXIT_CODE)
        .put("message", Integer.toString(code));
    return json;
  }

  private static String nonZero(int code) {
    return "command terminated with non-zero exit code: exit code " + code;
  }
}
