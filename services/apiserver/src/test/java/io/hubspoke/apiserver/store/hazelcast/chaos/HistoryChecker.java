package io.hubspoke.apiserver.store.hazelcast.chaos;

import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Event;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Kind;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Operation;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Outcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;

/**
 * Judges a recording. The watches give one order of all changes; each change that was acknowledged
 * must be in it once, at the revision that was told; and there must be a moment for each operation,
 * between its call and its answer, at which the state in that order explains the answer.
 */
final class HistoryChecker {
  private final List<String> faults = new ArrayList<>();
  private final TreeMap<Long, Event> order = new TreeMap<>();
  private final Map<String, Event> byValue = new HashMap<>();
  private final Map<String, Long> deletions = new HashMap<>();
  // Of each key: from which revision on it is at which version, 0 when it doesn't exist.
  private final Map<String, TreeMap<Long, Long>> versions = new HashMap<>();

  private HistoryChecker() {}

  /** Returns what is wrong with a recording; empty when nothing is. */
  static List<String> check(Recording recording) {
    HistoryChecker checker = new HistoryChecker();
    checker.order(recording.watches());
    checker.replay();
    checker.acknowledged(recording.operations());
    checker.linearizable(recording.operations());
    return checker.faults;
  }

  private void fault(String what) {
    faults.add(what);
  }

  private void order(List<List<Event>> watches) {
    for (List<Event> watch : watches) {
      long last = 0;
      for (Event event : watch) {
        if (event.revision() <= last) {
          fault("a watch saw %s after revision %d".formatted(event, last));
        }
        last = event.revision();
        Event other = order.putIfAbsent(event.revision(), event);
        if (other != null && !other.equals(event)) {
          fault("two watches saw %s and %s".formatted(other, event));
        }
      }
    }
    for (List<Event> watch : watches) {
      if (watch.size() != order.size()) {
        List<Event> missed = new ArrayList<>(order.values());
        missed.removeAll(watch);
        fault("a watch missed %d of %d: %s".formatted(missed.size(), order.size(), some(missed)));
      }
    }
  }

  /** Follows the order, in which every object must be made before it changes, and gone after. */
  private void replay() {
    Map<String, Event> state = new HashMap<>();
    for (Event event : order.values()) {
      Event before = state.get(event.key());
      boolean deleted = event.type().equals("DELETED");
      if (event.type().equals("ADDED") != (before == null)) {
        fault("%s follows %s".formatted(event, before));
      }
      if (deleted) {
        if (before != null && !before.value().equals(event.value())) {
          fault("%s deletes another value than that of %s".formatted(event, before));
        }
        state.remove(event.key());
        deletions.put(event.value(), event.revision());
      } else {
        state.put(event.key(), event);
        Event twice = byValue.putIfAbsent(event.value(), event);
        if (twice != null) {
          fault("applied twice: %s and %s".formatted(twice, event));
        }
      }
      versions
          .computeIfAbsent(event.key(), k -> new TreeMap<>(Map.of(0L, 0L)))
          .put(event.revision(), deleted ? 0 : event.revision());
    }
  }

  private void acknowledged(List<Operation> operations) {
    for (Operation operation : operations) {
      boolean writes = operation.kind() == Kind.CREATE || operation.kind() == Kind.UPDATE;
      Event event = writes ? byValue.get(operation.value()) : null;
      switch (operation.outcome()) {
        case DONE -> {
          if (writes && event == null) {
            fault("lost: %s".formatted(operation));
          } else if (writes && event.revision() != operation.revision()) {
            fault("%s is at another revision: %s".formatted(operation, event));
          } else if (operation.kind() == Kind.DELETE && position(operation) == 0) {
            fault("lost: %s".formatted(operation));
          }
        }
        case REFUSED, CONFLICT, EXISTS, ABSENT -> {
          if (event != null) {
            fault("%s was applied: %s".formatted(operation, event));
          }
        }
        case UNKNOWN -> {
          // Applied or not.
        }
      }
    }
  }

  /** Returns at which revision an operation took effect; 0 when it did not, or only read. */
  private long position(Operation operation) {
    return switch (operation.kind()) {
      case CREATE, UPDATE -> {
        Event event = byValue.get(operation.value());
        yield event == null ? 0 : event.revision();
      }
      case DELETE -> {
        Event deleted = order.get(operation.expected());
        yield deleted == null ? 0 : deletions.getOrDefault(deleted.value(), 0L);
      }
      case READ -> 0;
    };
  }

  /**
   * Gives each operation the earliest revision that explains it, no earlier than those of all that
   * had been answered when it was called. If that doesn't fit, nothing does.
   */
  private void linearizable(List<Operation> operations) {
    List<Operation> called = new ArrayList<>(operations);
    called.sort(Comparator.comparingLong(Operation::invokedNanos));
    record Answered(long nanos, long position) {}
    PriorityQueue<Answered> answered =
        new PriorityQueue<>(Comparator.comparingLong(Answered::nanos));
    long bound = 0;
    for (Operation operation : called) {
      while (!answered.isEmpty() && answered.peek().nanos < operation.invokedNanos()) {
        bound = Math.max(bound, answered.poll().position);
      }
      long position;
      boolean unknown = operation.outcome() == Outcome.UNKNOWN;
      if (operation.outcome() == Outcome.REFUSED) {
        continue;
      }
      boolean changes = operation.kind() != Kind.READ;
      if (unknown || (changes && operation.outcome() == Outcome.DONE)) {
        position = position(operation);
        if (position == 0) {
          continue;
        }
        // A deletion that is not known of may have been another's of the same version.
        if (position <= bound && !(unknown && operation.kind() == Kind.DELETE)) {
          fault(
              "%s took effect at %d, after %d had been seen".formatted(operation, position, bound));
        }
      } else {
        position = earliest(operation, bound);
        if (position < 0) {
          fault("%s saw what was over at %d, or yet to come".formatted(operation, bound));
          continue;
        }
      }
      if (!unknown) {
        answered.add(new Answered(operation.returnedNanos(), position));
      }
    }
  }

  /** Returns the first revision from a bound on at which the key is as an answer says; or -1. */
  private long earliest(Operation operation, long bound) {
    TreeMap<Long, Long> key = versions.getOrDefault(operation.key(), new TreeMap<>(Map.of(0L, 0L)));
    Long from = key.floorKey(bound);
    for (var change : key.tailMap(from, true).entrySet()) {
      if (explains(change.getValue(), operation)) {
        return Math.max(bound, change.getKey());
      }
    }
    return -1;
  }

  private static boolean explains(long version, Operation operation) {
    return switch (operation.outcome()) {
      case DONE -> version == operation.revision();
      case CONFLICT -> version != 0 && version != operation.expected();
      case EXISTS -> version != 0;
      case ABSENT -> version == 0;
      case REFUSED, UNKNOWN -> true;
    };
  }

  private static String some(List<Event> events) {
    return events.subList(0, Math.min(3, events.size())).toString();
  }
}
