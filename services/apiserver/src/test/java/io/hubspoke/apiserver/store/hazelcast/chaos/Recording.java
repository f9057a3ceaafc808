package io.hubspoke.apiserver.store.hazelcast.chaos;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What clients asked and were told, and what watches saw. */
final class Recording {
  /** What a client wanted. */
  enum Kind {
    CREATE,
    UPDATE,
    DELETE,
    READ
  }

  /** What it was told. */
  enum Outcome {
    DONE,
    /** The object exists, but not at the expected revision. */
    CONFLICT,
    EXISTS,
    ABSENT,
    /** It was told that nothing was done. */
    REFUSED,
    UNKNOWN
  }

  /**
   * One request and its answer.
   *
   * @param expected the revision that the object was to be at; 0 for none
   * @param value that was to be written, of this operation alone; empty for none
   * @param revision of the object that was written or read; 0 when not told
   */
  record Operation(
      String replica,
      Kind kind,
      String key,
      long expected,
      String value,
      long invokedNanos,
      long returnedNanos,
      Outcome outcome,
      long revision) {}

  /** How an object changed. For a deletion the value is the last one. */
  record Event(long revision, String type, String key, String value) {}

  private final List<Operation> operations = new ArrayList<>();
  private final List<List<Event>> watches = new ArrayList<>();

  synchronized void add(Operation operation) {
    operations.add(operation);
  }

  synchronized List<Operation> operations() {
    return List.copyOf(operations);
  }

  /** Begins the record of one watch. */
  synchronized List<Event> watch() {
    List<Event> events = Collections.synchronizedList(new ArrayList<>());
    watches.add(events);
    return events;
  }

  synchronized List<List<Event>> watches() {
    return watches.stream().map(List::copyOf).toList();
  }
}
