package io.hubspoke.konnectivity.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What was said on the two legs of a tunnel, as recorded from the real proxy-server and
 * proxy-agent. A line is a packet:
 *
 * <pre>{@code
 * from_client DIAL_REQ dial=1 protocol="tcp" address="{echo}"
 * to_agent    DIAL_REQ dial=1 protocol="tcp" address="{echo}"
 * }</pre>
 *
 * <p>Numbers stand for those that the ends chose. In what is expected, {@code *} is anything, and a
 * line whose segment ends with a question mark may be missing. {@code END} and {@code CANCEL} are
 * the ends of a stream.
 */
record Conversation(String name, List<Line> lines) {
  private static final Path FOLDER = Path.of("src/test/resources/conversations");
  private static final Pattern FIELD =
      Pattern.compile("(?:([a-z]+)=)?(?:\"((?:[^\"\\\\]|\\\\.)*)\"|(\\S+))");

  /** Where a packet was seen, from the server's place. */
  enum Segment {
    FROM_CLIENT,
    TO_CLIENT,
    FROM_AGENT,
    TO_AGENT
  }

  /**
   * A packet.
   *
   * @param optional when it may be missing
   */
  record Line(String text, Segment segment, boolean optional, String type, Map<String, String> of) {
    private static Line parse(String text) {
      var words = text.split("\\s+", 3);
      var optional = words[0].endsWith("?");
      var segment = optional ? words[0].substring(0, words[0].length() - 1) : words[0];
      var fields = new LinkedHashMap<String, String>();
      var matcher = FIELD.matcher(words.length < 3 ? "" : words[2]);
      while (matcher.find()) {
        var name = matcher.group(1) == null ? "data" : matcher.group(1);
        var value =
            matcher.group(2) == null ? matcher.group(3) : matcher.group(2).translateEscapes();
        fields.put(name, value);
      }
      return new Line(
          text, Segment.valueOf(segment.toUpperCase(Locale.ROOT)), optional, words[1], fields);
    }

    boolean has(String name) {
      return of.containsKey(name);
    }

    String get(String name) {
      return of.getOrDefault(name, "");
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** Reads all that were recorded. */
  static List<Conversation> all() throws IOException {
    try (var files = Files.list(FOLDER)) {
      var all = new ArrayList<Conversation>();
      for (var file : files.filter(f -> f.toString().endsWith(".txt")).sorted().toList()) {
        all.add(
            new Conversation(
                file.getFileName().toString().replace(".txt", ""),
                Files.readAllLines(file).stream()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(Line::parse)
                    .toList()));
      }
      return all;
    }
  }

  /** Returns whether a server takes part in it: whether there is a client. */
  boolean isOfServer() {
    return has(Segment.FROM_CLIENT);
  }

  /** Returns whether an agent takes part in it. */
  boolean hasAgent() {
    return has(Segment.FROM_AGENT) || has(Segment.TO_AGENT);
  }

  /** Returns whether it can be held with an agent: whether it says what endpoints do. */
  boolean isOfAgent() {
    return hasAgent() && lines.stream().noneMatch(line -> line.has("nowhere"));
  }

  private boolean has(Segment segment) {
    return lines.stream().anyMatch(line -> line.segment == segment);
  }

  @Override
  public String toString() {
    return name;
  }
}
