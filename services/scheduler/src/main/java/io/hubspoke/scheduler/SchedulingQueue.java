package io.hubspoke.scheduler;

import io.hubspoke.client.Item;
import io.hubspoke.scheduler.cluster.PodInfo;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * The pods that wait for a node: those to try now, those to try after a while, and those for which
 * something must happen first. The important come first, then those that wait longest. Times are
 * {@link System#nanoTime}; belongs to the scheduling loop.
 */
final class SchedulingQueue {
  private static final long FIRST_BACKOFF = TimeUnit.SECONDS.toNanos(1);
  private static final long LONGEST_BACKOFF = TimeUnit.SECONDS.toNanos(10);

  /** A pod is tried again after this time, should what cures it have gone unnoticed. */
  private static final long LONGEST_WAIT = TimeUnit.MINUTES.toNanos(1);

  private enum State {
    ACTIVE,
    BACKOFF,
    UNSCHEDULABLE,
    TAKEN
  }

  /** A pod in the queue, or taken from it. */
  static final class Entry {
    private final Item.Key key;
    private final long number;
    private PodInfo pod;
    private State state = State.ACTIVE;
    private Set<String> plugins = Set.of();
    private int attempts;
    private long due;
    private boolean held;
    private boolean news;
    private boolean failing;
    private long reported;
    private String message = "";

    private Entry(Item.Key key, PodInfo pod, long number) {
      this.key = key;
      this.pod = pod;
      this.number = number;
    }

    Item.Key key() {
      return key;
    }

    PodInfo pod() {
      return pod;
    }

    /** Tells whether to say why it waits: when the reason is new, or was said some time ago. */
    boolean isToReport(String why, long now) {
      if (why.equals(message) && now - reported < backoff()) {
        return false;
      }
      message = why;
      reported = now;
      return true;
    }

    private long backoff() {
      var doublings = Math.clamp(attempts - 1, 0, 4);
      return Math.min(LONGEST_BACKOFF, FIRST_BACKOFF << doublings);
    }
  }

  private static final Comparator<Entry> FIRST =
      Comparator.<Entry>comparingInt(entry -> entry.pod.priority())
          .reversed()
          .thenComparingLong(entry -> entry.number);

  private static final Comparator<Entry> SOONEST =
      Comparator.<Entry>comparingLong(entry -> entry.due).thenComparingLong(entry -> entry.number);

  private final Map<Item.Key, Entry> entries = new HashMap<>();
  private final TreeSet<Entry> active = new TreeSet<>(FIRST);
  private final TreeSet<Entry> backoff = new TreeSet<>(SOONEST);
  private final TreeSet<Entry> unschedulable = new TreeSet<>(SOONEST);
  private long numbered;

  /** Adds a pod, or notes its present state; {@code changed} says that it asks for else now. */
  void put(Item.Key key, PodInfo pod, boolean changed) {
    var known = entries.get(key);
    if (known != null && !known.pod.uid().equals(pod.uid())) {
      remove(key, known.pod.uid());
      known = null;
    }
    if (known == null) {
      var entry = new Entry(key, pod, numbered++);
      entries.put(key, entry);
      active.add(entry);
      return;
    }
    if (changed && known.state != State.TAKEN) {
      leave(known);
      known.pod = pod;
      known.attempts = 0;
      enter(known, State.ACTIVE);
    } else if (known.pod.priority() == pod.priority()) {
      known.pod = pod;
    }
  }

  /** Forgets a pod, not another one of the same name. */
  void remove(Item.Key key, String uid) {
    var entry = entries.get(key);
    if (entry != null && entry.pod.uid().equals(uid)) {
      leave(entry);
      entry.state = State.TAKEN;
      entries.remove(key);
    }
  }

  /** Tries a pod again now, if it waits at all. */
  void activate(PodInfo pod) {
    var entry = entries.get(new Item.Key(pod.namespace(), pod.name()));
    if (entry != null && entry.state != State.TAKEN) {
      activate(entry);
    }
  }

  /** Takes the next pod to try, or null. While nothing else is to do, none backs off in vain. */
  Entry take(long now) {
    ripen(now);
    var entry = active.pollFirst();
    if (entry == null) {
      // As the real one from 1.33 on; but what failed for another reason than nodes waits.
      entry = backoff.stream().filter(waiting -> !waiting.failing).findFirst().orElse(null);
    }
    if (entry != null) {
      leave(entry);
      entry.state = State.TAKEN;
      entry.failing = false;
      entry.attempts++;
    }
    return entry;
  }

  private void ripen(long now) {
    while (!backoff.isEmpty() && backoff.first().due - now <= 0) {
      activate(backoff.first());
    }
    while (!unschedulable.isEmpty() && unschedulable.first().due - now <= 0) {
      var entry = unschedulable.first();
      if (entry.held) {
        leave(entry);
        entry.news = true;
        entry.due = now + LONGEST_WAIT;
        enter(entry, State.UNSCHEDULABLE);
      } else {
        activate(entry);
      }
    }
  }

  private void activate(Entry entry) {
    leave(entry);
    enter(entry, State.ACTIVE);
  }

  /**
   * Puts a pod aside that found no node, until something happens that may cure what these plugins
   * found; not before {@link #release}.
   */
  void park(Entry entry, Set<String> plugins, long now) {
    if (entries.get(entry.key) != entry) {
      return;
    }
    entry.plugins = plugins;
    entry.held = true;
    entry.news = false;
    entry.due = now + LONGEST_WAIT;
    enter(entry, State.UNSCHEDULABLE);
  }

  /** Lets a pod be tried again, should anything have happened meanwhile that may help it. */
  void release(Entry entry, long now) {
    entry.held = false;
    if (entries.get(entry.key) == entry && entry.state == State.UNSCHEDULABLE && entry.news) {
      move(entry, now);
    }
  }

  /** Tries a pod again later, whatever happens, since something else than nodes failed. */
  void retry(Entry entry, long now) {
    entry.held = false;
    if (entries.get(entry.key) == entry) {
      leave(entry);
      entry.failing = true;
      entry.due = now + entry.backoff();
      enter(entry, State.BACKOFF);
    }
  }

  /** Tries the pods again whose plugins may be cured by what happened. */
  void moveAll(Predicate<Set<String>> cured, long now) {
    for (var entry : List.copyOf(unschedulable)) {
      if (cured.test(entry.plugins)) {
        if (entry.held) {
          entry.news = true;
        } else {
          move(entry, now);
        }
      }
    }
  }

  private void move(Entry entry, long now) {
    var ready = entry.due - LONGEST_WAIT + entry.backoff();
    leave(entry);
    if (ready - now <= 0) {
      enter(entry, State.ACTIVE);
    } else {
      entry.due = ready;
      enter(entry, State.BACKOFF);
    }
  }

  /** Returns how many are to be tried now; a figure for people, from any thread. */
  int active() {
    return active.size();
  }

  /** Returns how many are to be tried after a while. */
  int backingOff() {
    return backoff.size();
  }

  /** Returns for how many something must happen first. */
  int unschedulable() {
    return unschedulable.size();
  }

  /** Returns how long nothing will be to do by itself; -1 when there is nothing at all. */
  long untilNext(long now) {
    long next = Long.MAX_VALUE;
    if (!active.isEmpty()) {
      return 0;
    }
    if (!backoff.isEmpty()) {
      next = Math.min(next, backoff.first().due - now);
    }
    if (!unschedulable.isEmpty()) {
      next = Math.min(next, unschedulable.first().due - now);
    }
    return next == Long.MAX_VALUE ? -1 : Math.max(0, next);
  }

  private void enter(Entry entry, State state) {
    entry.state = state;
    set(state).add(entry);
  }

  private void leave(Entry entry) {
    if (entry.state != State.TAKEN) {
      set(entry.state).remove(entry);
    }
  }

  private Set<Entry> set(State state) {
    return switch (state) {
      case ACTIVE -> active;
      case BACKOFF -> backoff;
      case UNSCHEDULABLE -> unschedulable;
      case TAKEN -> throw new IllegalStateException("a pod that was taken is in no queue");
    };
  }
}
