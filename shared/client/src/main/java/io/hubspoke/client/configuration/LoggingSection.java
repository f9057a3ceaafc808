package io.hubspoke.client.configuration;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.runtime.Logging;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Section {@code logging} of a component's configuration file (LoggingConfiguration v1).
 *
 * @param format text or json; empty to leave it as flags have it
 * @param verbosity how much is logged: from 2 on what happens, from 5 on every step
 */
public record LoggingSection(String format, int verbosity) {
  private static final Set<String> FIELDS =
      Set.of("format", "flushFrequency", "verbosity", "vmodule", "options");
  private static final Set<String> FORMATS = Set.of("", "text", "json");
  private static final int NEWS = 2;
  private static final int STEPS = 5;

  /**
   * Reads it.
   *
   * @param section missing or null when there is none
   * @throws IllegalArgumentException that names the field which is unknown or has a bad value
   */
  public static LoggingSection of(JsonNode section) {
    if (!section.isMissingNode() && !section.isNull() && !section.isObject()) {
      throw bad("", "an object", section);
    }
    for (var field : section.properties()) {
      if (!FIELDS.contains(field.getKey())) {
        throw new IllegalArgumentException(
            "strict decoding error: unknown field \"logging." + field.getKey() + '"');
      }
    }
    var format = section.path("format");
    if (!isAbsent(format) && !(format.isTextual() && FORMATS.contains(format.textValue()))) {
      throw bad(".format", "text or json", format);
    }
    var verbosity = section.path("verbosity");
    if (!isAbsent(verbosity)
        && !(verbosity.isIntegralNumber()
            && verbosity.canConvertToInt()
            && verbosity.intValue() >= 0)) {
      throw bad(".verbosity", "a whole number of at least 0", verbosity);
    }
    return new LoggingSection(isAbsent(format) ? "" : format.textValue(), verbosity.asInt());
  }

  private static boolean isAbsent(JsonNode value) {
    return value.isMissingNode() || value.isNull();
  }

  private static IllegalArgumentException bad(String field, String wanted, JsonNode value) {
    return new IllegalArgumentException(
        "logging%s: must be %s, but is %s".formatted(field, wanted, value));
  }

  /** Has this process log so; what it leaves open, or a flag says, stays as it is. */
  public void apply(CommandSpec command) {
    if (!format.isEmpty() && isOpen("--logging-format", command)) {
      Logging.format(format);
    }
    if (verbosity >= NEWS && isOpen("-v", command)) {
      Logging.level(verbosity >= STEPS ? "DEBUG" : "INFO");
    }
  }

  /** A flag for all commands may come before the command's name as well. */
  private static boolean isOpen(String flag, CommandSpec command) {
    for (var line = command.commandLine(); line != null; line = line.getParent()) {
      if (line.getParseResult().hasMatchedOption(flag)) {
        return false;
      }
    }
    return true;
  }
}
