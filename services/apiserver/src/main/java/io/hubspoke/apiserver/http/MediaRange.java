package io.hubspoke.apiserver.http;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a client accepts (RFC 9110, "Accept").
 *
 * @param type in lower case, such as {@code application/json} or {@code *}{@code /*}
 * @param parameters their names in lower case, the weight not among them
 * @param weight from 0, not acceptable, to 1
 */
public record MediaRange(String type, Map<String, String> parameters, double weight) {
  private static final List<MediaRange> ANY = List.of(new MediaRange("*/*", Map.of(), 1));

  /** Reads a header: what is preferred comes first, and of equals what comes first in it. */
  public static List<MediaRange> parse(String header) {
    if (header == null || header.isBlank()) {
      return ANY;
    }
    List<MediaRange> ranges = new ArrayList<>();
    for (String text : header.split(",", -1)) {
      MediaRange range = range(text);
      if (range.weight > 0 && !range.type.isEmpty()) {
        ranges.add(range);
      }
    }
    ranges.sort(Comparator.comparingDouble((MediaRange range) -> -range.weight));
    return ranges;
  }

  private static MediaRange range(String text) {
    String[] parts = text.split(";", -1);
    double weight = 1;
    Map<String, String> parameters = parts.length == 1 ? Map.of() : new HashMap<>();
    for (int i = 1; i < parts.length; i++) {
      int equal = parts[i].indexOf('=');
      if (equal > 0) {
        String name = parts[i].substring(0, equal).trim().toLowerCase(Locale.ROOT);
        String value = parts[i].substring(equal + 1).trim();
        if (name.equals("q")) {
          weight = weight(value);
        } else {
          parameters.put(name, value);
        }
      }
    }
    return new MediaRange(parts[0].trim().toLowerCase(Locale.ROOT), Map.copyOf(parameters), weight);
  }

  private static double weight(String text) {
    try {
      double weight = Double.parseDouble(text);
      return weight >= 0 && weight <= 1 ? weight : 1;
    } catch (NumberFormatException e) {
      return 1;
    }
  }

  /** Returns whether a media type is within the range. */
  public boolean includes(String mediaType) {
    return type.equals(mediaType) || type.equals("*/*") || type.equals("application/*");
  }
}
