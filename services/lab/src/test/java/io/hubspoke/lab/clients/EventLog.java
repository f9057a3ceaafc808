package io.hubspoke.lab.clients;

import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** What one informer told, and what was wrong with it: each object only ever moves on. */
final class EventLog {
  private final Map<String, Long> versions = new ConcurrentHashMap<>();
  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
  private final AtomicInteger count = new AtomicInteger();

  void added(String uid, String name, String version) {
    count.incrementAndGet();
    if (versions.put(uid, Long.parseLong(version)) != null) {
      wrong.add(name + " was added twice");
    }
  }

  void updated(String uid, String name, String version) {
    count.incrementAndGet();
    long now = Long.parseLong(version);
    Long before = versions.put(uid, now);
    if (before == null) {
      wrong.add(name + " was updated before it was added");
    } else if (before >= now) {
      wrong.add(name + " went from " + before + " to " + now);
    }
  }

  void deleted(String uid, String name) {
    count.incrementAndGet();
    if (versions.remove(uid) == null) {
      wrong.add(name + " was deleted and never added");
    }
  }

  int count() {
    return count.get();
  }

  List<String> wrong() {
    return List.copyOf(wrong);
  }
}
