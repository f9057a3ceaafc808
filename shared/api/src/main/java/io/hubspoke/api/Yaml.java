package io.hubspoke.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Consumer;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.CollectionEndEvent;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/** Reads YAML request bodies as JSON trees. Aliases are expanded up to a total size. */
public final class Yaml {
  /** Most bytes that are read; YAML costs many times what JSON of the same size does. */
  public static final int MAX_BYTES = 1024 * 1024;

  private static final int MAX_NODES = 100_000;
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final Consumer<String> duplicates;
  private int nodes;

  private Yaml(Consumer<String> duplicates) {
    this.duplicates = duplicates;
  }

  /**
   * Reads one document that is an object.
   *
   * @throws ApiException 400 when it is malformed, nested too deeply, not an object, or expands to
   *     too much; 413 when it is longer than {@link #MAX_BYTES}
   */
  public static ObjectNode parseObject(byte[] bytes) {
    return parseObject(
        bytes,
        path -> {
          throw bad("key \"" + path + "\" already set in map");
        });
  }

  /**
   * Reads one document that is an object and tells the paths of keys that it has more than once;
   * the last one holds.
   *
   * @throws ApiException as {@link #parseObject(byte[])}
   */
  public static ObjectNode parseObject(byte[] bytes, Consumer<String> duplicates) {
    if (bytes.length > MAX_BYTES) {
      throw Status.tooLarge("Request entity too large: limit for YAML is " + MAX_BYTES)
          .toException();
    }
    if (parse(bytes, duplicates) instanceof ObjectNode object) {
      return object;
    }
    throw bad("expected a YAML mapping");
  }

  private static JsonNode parse(byte[] bytes, Consumer<String> duplicates) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(true);
    options.setCodePointLimit(MAX_BYTES);
    options.setNestingDepthLimit(Json.MAX_DEPTH);
    StreamReader reader =
        new StreamReader(
            new InputStreamReader(new ByteArrayInputStream(bytes), StandardCharsets.UTF_8));
    try {
      var events = new BoundedEvents(new ParserImpl(reader, options));
      Node root = new Composer(events, new Resolver(), options).getSingleNode();
      if (root == null) {
        throw bad("the document is empty");
      }
      return new Yaml(duplicates).convert(root, "", 0);
    } catch (YAMLException e) {
      throw bad(e.getMessage().lines().findFirst().orElse("malformed"));
    }
  }

  /** Converts a node; an alias is the same node again, so a bomb shows in the count. */
  private JsonNode convert(Node node, String path, int depth) {
    if (++nodes > MAX_NODES || depth > Json.MAX_DEPTH) {
      throw tooMuch();
    }
    return switch (node) {
      case MappingNode mapping -> {
        ObjectNode object = JSON.objectNode();
        for (var tuple : mapping.getValue()) {
          if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
            throw bad("keys must be scalars");
          }
          if (key.getTag().equals(Tag.MERGE)) {
            throw bad("merge keys (<<) are not supported");
          }
          String at = path.isEmpty() ? key.getValue() : path + "." + key.getValue();
          if (object.has(key.getValue())) {
            duplicates.accept(at);
          }
          object.set(key.getValue(), convert(tuple.getValueNode(), at, depth + 1));
        }
        yield object;
      }
      case SequenceNode sequence -> {
        ArrayNode array = JSON.arrayNode();
        for (Node element : sequence.getValue()) {
          array.add(convert(element, path + "[" + array.size() + "]", depth + 1));
        }
        yield array;
      }
      case ScalarNode scalar -> scalar(scalar);
      default -> throw bad("unexpected node");
    };
  }

  private static JsonNode scalar(ScalarNode scalar) {
    String text = scalar.getValue();
    Tag tag = scalar.getTag();
    try {
      if (tag.equals(Tag.NULL)) {
        return JSON.nullNode();
      } else if (tag.equals(Tag.BOOL)) {
        return switch (text.toLowerCase(Locale.ROOT)) {
          case "true", "yes", "on" -> JSON.booleanNode(true);
          default -> JSON.booleanNode(false);
        };
      } else if (tag.equals(Tag.INT)) {
        return integer(text.replace("_", ""));
      } else if (tag.equals(Tag.FLOAT)) {
        return JSON.numberNode(Double.parseDouble(text.replace("_", "")));
      }
    } catch (NumberFormatException e) {
      // Such as .inf or base 60, which JSON cannot carry as numbers.
      return JSON.textNode(text);
    }
    return JSON.textNode(text);
  }

  private static JsonNode integer(String text) {
    if (text.length() > 100) {
      throw bad("number is too long");
    }
    boolean negative = text.startsWith("-");
    String digits = negative || text.startsWith("+") ? text.substring(1) : text;
    int radix = 10;
    if (digits.startsWith("0x")) {
      radix = 16;
    } else if (digits.startsWith("0b")) {
      radix = 2;
    } else if (digits.startsWith("0") && digits.length() > 1) {
      radix = 8;
    }
    BigInteger value =
        new BigInteger(radix == 16 || radix == 2 ? digits.substring(2) : digits, radix);
    BigInteger signed = negative ? value.negate() : value;
    return signed.bitLength() < 64 ? JSON.numberNode(signed.longValue()) : JSON.numberNode(signed);
  }

  /** Stops before a graph is composed that would be too great, or too deep to be walked. */
  private static final class BoundedEvents implements Parser {
    private final Parser parser;
    private int count;
    private int depth;

    BoundedEvents(Parser parser) {
      this.parser = parser;
    }

    @Override
    public boolean checkEvent(Event.ID choice) {
      return parser.checkEvent(choice);
    }

    @Override
    public Event peekEvent() {
      return parser.peekEvent();
    }

    @Override
    public Event getEvent() {
      Event event = parser.getEvent();
      if (event instanceof CollectionStartEvent) {
        depth++;
      } else if (event instanceof CollectionEndEvent) {
        depth--;
      }
      if (++count > MAX_NODES || depth > Json.MAX_DEPTH) {
        throw tooMuch();
      }
      return event;
    }
  }

  private static ApiException tooMuch() {
    return bad("the document expands to too many or too deeply nested values");
  }

  private static ApiException bad(String why) {
    return Status.badRequest("error converting YAML to JSON: yaml: " + why).toException();
  }
}
