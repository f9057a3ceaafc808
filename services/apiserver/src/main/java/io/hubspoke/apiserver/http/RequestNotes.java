package io.hubspoke.apiserver.http;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What there is to say of a request beside its answer: warnings for the client, annotations for the
 * audit log. Several threads may take notes.
 */
public final class RequestNotes {
  /** More of either are dropped: they come from outside. */
  private static final int MOST = 100;

  private static final int LONGEST_ANNOTATION = 10 * 1024;

  private Set<String> warnings = Set.of();
  private Map<String, String> annotations = Map.of();

  /** Warns the client, once of the same. */
  public synchronized void warn(String text) {
    if (text.isBlank() || warnings.size() >= MOST) {
      return;
    }
    if (warnings.isEmpty()) {
      warnings = new LinkedHashSet<>();
    }
    warnings.add(text);
  }

  /** Annotates the request's audit event; what a key says first holds. */
  public synchronized void annotate(String key, String value) {
    if (annotations.size() >= MOST) {
      return;
    }
    if (annotations.isEmpty()) {
      annotations = new TreeMap<>();
    }
    annotations.putIfAbsent(
        key, value.length() > LONGEST_ANNOTATION ? value.substring(0, LONGEST_ANNOTATION) : value);
  }

  public synchronized List<String> warnings() {
    return List.copyOf(warnings);
  }

  public synchronized Map<String, String> annotations() {
    return Map.copyOf(annotations);
  }
}
