package io.hubspoke.client.configuration;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Yaml;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.GoDuration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * A component's configuration file, {@code --config}: its fields say what flags say otherwise, and
 * a flag that is given counts more than its field ("Set Kubelet Parameters Via A Configuration
 * File").
 */
public final class ConfigurationFile {
  /**
   * What there is in files of a kind.
   *
   * @param flags the flag that each field, named by its path, stands for
   * @param zeroes those of them for which 0 is a value; others are then as if they were not there,
   *     as they are with an empty text and with no time
   * @param own fields that the component reads itself
   * @param others fields of the real component that change nothing here
   */
  public record Kind(
      String apiVersion,
      String kind,
      Map<String, String> flags,
      Set<String> zeroes,
      Set<String> own,
      Set<String> others) {
    public Kind {
      flags = Map.copyOf(flags);
      zeroes = Set.copyOf(zeroes);
      own = Set.copyOf(own);
      others = Set.copyOf(others);
    }

    private boolean isSection(String path) {
      return flags.keySet().stream().anyMatch(known -> known.startsWith(path + "."))
          || others.stream().anyMatch(known -> known.startsWith(path + "."));
    }
  }

  /** Go's files have such values of what nobody has set. */
  private static final Set<String> UNSET = Set.of("", "0", "0s");

  private static final Logger LOG = LoggerFactory.getLogger(ConfigurationFile.class);

  private final Path file;
  private final Path base;
  private final Kind kind;
  private final ObjectNode root;
  private final List<String> idle = new ArrayList<>();

  private ConfigurationFile(Path file, Path base, Kind kind, ObjectNode root) {
    this.file = file;
    this.base = base;
    this.kind = kind;
    this.root = root;
  }

  /**
   * Reads the file that {@code --config} names, and has the options of a command say what it says,
   * but for those that were given.
   *
   * @param base where relative names of files begin
   * @throws IllegalArgumentException that names flag, file and field when it can't be read, has a
   *     field that nobody knows or a value that is none
   */
  public static ConfigurationFile apply(Path file, Path base, Kind kind, CommandSpec command)
      throws IOException {
    return Flag.read(
        "--config",
        () -> {
          try {
            var root = ofKind(Files.readAllBytes(file), kind.apiVersion(), kind.kind());
            root.remove(List.of("apiVersion", "kind"));
            var read = new ConfigurationFile(file, base, kind, root);
            read.set("", root, command);
            return read;
          } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
          }
        });
  }

  /**
   * Parses YAML or JSON that is to be of a kind.
   *
   * @throws IllegalArgumentException when it is malformed or of another one
   */
  public static ObjectNode ofKind(byte[] content, String apiVersion, String kind) {
    ObjectNode root;
    try {
      root = Yaml.parseObject(content);
    } catch (ApiException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    var version = root.path("apiVersion").asText();
    var name = root.path("kind").asText();
    if (!version.equals(apiVersion) || !name.equals(kind)) {
      throw new IllegalArgumentException(
          "no kind \"%s\" is registered for version \"%s\", expected %s of %s"
              .formatted(name, version, kind, apiVersion));
    }
    return root;
  }

  /** Returns the value of a field; missing where there is none. */
  public JsonNode field(String path) {
    return root.at("/" + path.replace('.', '/'));
  }

  /** Has the flag of a field that is not there say something else than it does without a file. */
  public void orElse(String path, Object value, CommandSpec command) {
    var option = command.findOption(kind.flags().get(path));
    if (isAbsent(path, field(path)) && isOpen(option, command)) {
      option.setValue(value);
    }
  }

  /** Says which fields change nothing, but for those that say nothing themselves. */
  public void tellIdle() {
    if (!idle.isEmpty()) {
      LOG.warn("--config: {}: without effect here: {}", file, String.join(", ", idle));
    }
  }

  private boolean isAbsent(String path, JsonNode value) {
    return value.isValueNode()
        ? value.isNull() || (UNSET.contains(value.asText()) && !kind.zeroes().contains(path))
        : value.isEmpty();
  }

  private static boolean isOpen(OptionSpec option, CommandSpec command) {
    return !command.commandLine().getParseResult().hasMatchedOption(option);
  }

  private void set(String section, JsonNode fields, CommandSpec command) {
    for (var field : fields.properties()) {
      var path = section.isEmpty() ? field.getKey() : section + "." + field.getKey();
      var value = field.getValue();
      var flag = kind.flags().get(path);
      if (flag != null) {
        set(path, value, command.findOption(flag), command);
      } else if (kind.isSection(path)) {
        if (!value.isNull() && !value.isObject()) {
          throw bad(path, "an object", value);
        }
        set(path, value, command);
      } else if (kind.others().contains(path)) {
        if (!isAbsent(path, value)) {
          idle.add(path);
        }
      } else if (!kind.own().contains(path)) {
        throw new IllegalArgumentException("strict decoding error: unknown field \"" + path + '"');
      }
    }
  }

  private void set(String path, JsonNode value, OptionSpec option, CommandSpec command) {
    var read = value.isNull() ? null : read(path, value, option.type());
    if (!isAbsent(path, value) && !Duration.ZERO.equals(read) && isOpen(option, command)) {
      option.setValue(read);
    }
  }

  private Object read(String path, JsonNode value, Class<?> type) {
    if (type == boolean.class || type == Boolean.class) {
      if (value.isBoolean()) {
        return value.booleanValue();
      }
      throw bad(path, "true or false", value);
    }
    if (type == int.class || type == Integer.class) {
      if (value.isIntegralNumber() && value.canConvertToInt()) {
        return value.intValue();
      }
      throw bad(path, "a whole number", value);
    }
    if (type == Duration.class && path.endsWith("Seconds")) {
      if (value.isIntegralNumber() && value.canConvertToInt() && value.intValue() >= 0) {
        return Duration.ofSeconds(value.intValue());
      }
      throw bad(path, "a whole number of at least 0", value);
    }
    if (!value.isTextual()) {
      throw bad(path, "a string", value);
    }
    if (type == Duration.class) {
      try {
        return new GoDuration().convert(value.textValue());
      } catch (TypeConversionException e) {
        throw new IllegalArgumentException(path + ": " + e.getMessage(), e);
      }
    }
    return type == Path.class ? base.resolve(value.textValue()) : value.textValue();
  }

  private static IllegalArgumentException bad(String path, String wanted, JsonNode value) {
    return new IllegalArgumentException("%s: must be %s, but is %s".formatted(path, wanted, value));
  }
}
