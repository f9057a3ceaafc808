package io.hubspoke.api;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Consumer;

/** Reads and writes JSON, with limits on what a stranger may send. */
public final class Json {
  /** Deepest nesting that is read; Kubernetes' own objects stay below 40. */
  public static final int MAX_DEPTH = 200;

  /** What comes from here on in the parser's messages is for those who program with it. */
  private static final List<String> ASIDES =
      List.of(" (start marker at", ": enable ", " (not recognized as");

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              com.fasterxml.jackson.core.JsonFactory.builder()
                  // A stranger's names are many and new: a hundred thousand took seconds to intern.
                  .disable(com.fasterxml.jackson.core.JsonFactory.Feature.INTERN_FIELD_NAMES)
                  // Jackson's own way keeps buffers for each thread, and nodes have many that wait.
                  .recyclerPool(JsonRecyclerPools.newConcurrentDequePool())
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxNumberLength(100)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS.mappedFeature())
          .build();

  /** Typed values inside an object, such as quantities, are followed by the object's rest. */
  private static final ObjectReader TYPED =
      MAPPER.reader().without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** Reads what has no field twice, and stops at one that has. */
  private static final ObjectReader ONCE =
      MAPPER.readerFor(JsonNode.class).with(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

  private Json() {}

  public static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /**
   * Reads one JSON object.
   *
   * @throws ApiException 400 when it is malformed, nested too deeply, or not an object
   */
  public static ObjectNode parseObject(byte[] bytes) {
    JsonNode node = read(bytes, "the object provided is unrecognized: ");
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw Status.badRequest("the object provided is unrecognized: expected a JSON object")
        .toException();
  }

  /**
   * Reads any JSON value.
   *
   * @throws ApiException 400 when it is malformed or nested too deeply
   */
  public static JsonNode parse(byte[] bytes) {
    return read(bytes, "malformed JSON: ");
  }

  private static JsonNode read(byte[] bytes, String what) {
    try {
      if (isWide(bytes)) {
        throw Status.badRequest(what + "it is not in UTF-8").toException();
      }
      return MAPPER.readTree(bytes);
    } catch (JsonProcessingException e) {
      throw Status.badRequest(what + reason(e)).toException();
    } catch (IOException e) {
      throw Status.badRequest(what + "it is not in UTF-8").toException();
    }
  }

  /**
   * Reads any JSON value and tells the paths of fields that it has more than once, such as {@code
   * spec.containers[0].name}; the last one holds.
   *
   * @throws ApiException 400 when it is malformed or nested too deeply
   */
  public static JsonNode parse(byte[] bytes, Consumer<String> duplicates) {
    try {
      return isWide(bytes) ? parse(bytes) : ONCE.readTree(bytes);
    } catch (IOException e) {
      // Rare, and malformed or not: read again, which then says what is wrong.
      JsonNode value = parse(bytes);
      try (var parser = MAPPER.createParser(bytes)) {
        DuplicateFields.find(parser, duplicates);
      } catch (IOException unreadable) {
        throw new UncheckedIOException(unreadable);
      }
      return value;
    }
  }

  /**
   * Reads one JSON object and tells the paths of fields that it has more than once.
   *
   * @throws ApiException 400 when it is malformed, nested too deeply, or not an object
   */
  public static ObjectNode parseObject(byte[] bytes, Consumer<String> duplicates) {
    try {
      if (!isWide(bytes) && ONCE.readTree(bytes) instanceof ObjectNode object) {
        return object;
      }
    } catch (IOException e) {
      // As above.
    }
    ObjectNode object = parseObject(bytes);
    parse(bytes, duplicates);
    return object;
  }

  /** Tells UTF-16 and UTF-32 by what they begin with; the parser would read them as well. */
  private static boolean isWide(byte[] bytes) {
    for (int i = 0; i < Math.min(4, bytes.length); i++) {
      if (bytes[i] == 0 || bytes[i] == (byte) 0xfe || bytes[i] == (byte) 0xff) {
        return true;
      }
    }
    return false;
  }

  /** Says what is wrong and where, without the names of what reads it. */
  private static String reason(JsonProcessingException e) {
    JsonLocation place = e.getLocation();
    String where =
        place == null
            ? ""
            : " (line " + place.getLineNr() + ", column " + place.getColumnNr() + ")";
    if (e instanceof StreamConstraintsException) {
      return (e.getOriginalMessage().contains("nesting depth")
              ? "nested deeper than " + MAX_DEPTH + " levels"
              : "a number or a text is too long")
          + where;
    }
    if (e instanceof MismatchedInputException) {
      return "something follows the value" + where;
    }
    String message = e.getOriginalMessage();
    for (String aside : ASIDES) {
      int at = message.indexOf(aside);
      message = at < 0 ? message : message.substring(0, at);
    }
    return message + where;
  }

  public static byte[] bytes(JsonNode node) {
    try {
      return MAPPER.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Converts a tree to a typed object, such as fabric8's {@code Pod}; unknown fields are kept by
   * those types.
   */
  public static <T> T convert(JsonNode node, Class<T> type) {
    try {
      return TYPED.treeToValue(node, type);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e.getOriginalMessage(), e);
    }
  }

  /** Converts a typed object to a tree. */
  public static ObjectNode tree(Object typed) {
    return MAPPER.valueToTree(typed);
  }
}
