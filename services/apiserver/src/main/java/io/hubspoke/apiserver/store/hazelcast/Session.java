package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the state remembers of a lane, so that an operation sent again is not applied again: the
 * revisions of those that it may still ask for (as in Ongaro's dissertation on Raft, section 6.3).
 */
final class Session {
  private final TreeMap<Long, Long> revisions = new TreeMap<>();
  private long finished;
  private long seenMillis;

  Session() {}

  Session(Session other) {
    revisions.putAll(other.revisions);
    finished = other.finished;
    seenMillis = other.seenMillis;
  }

  /** Notes that the lane lives and asks for no number below this one any more. */
  void seen(long finishedBelow, long nowMillis) {
    seenMillis = Math.max(seenMillis, nowMillis);
    if (finishedBelow > finished) {
      finished = finishedBelow;
      revisions.headMap(finished).clear();
    }
  }

  boolean isFinished(long number) {
    return number < finished;
  }

  /** Returns at which revision an operation was applied, or null. */
  Long revision(long number) {
    return revisions.get(number);
  }

  void applied(long number, long revision) {
    revisions.put(number, revision);
  }

  long seenMillis() {
    return seenMillis;
  }

  void write(ObjectDataOutput out) throws IOException {
    out.writeLong(finished);
    out.writeLong(seenMillis);
    out.writeInt(revisions.size());
    for (Map.Entry<Long, Long> each : revisions.entrySet()) {
      out.writeLong(each.getKey());
      out.writeLong(each.getValue());
    }
  }

  static Session read(ObjectDataInput in) throws IOException {
    Session session = new Session();
    session.finished = in.readLong();
    session.seenMillis = in.readLong();
    int size = in.readInt();
    for (int i = 0; i < size; i++) {
      session.revisions.put(in.readLong(), in.readLong());
    }
    return session;
  }
}
