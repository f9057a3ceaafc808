package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import io.hubspoke.apiserver.store.History;
import io.hubspoke.apiserver.store.History.Retention;
import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.PersistentMap;
import io.hubspoke.apiserver.store.Store.Entry;
import io.hubspoke.apiserver.store.Store.Event;
import io.hubspoke.apiserver.store.hazelcast.Operation.Change;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * The whole store as a state machine: one value of one map entry, changed by the thread of its
 * partition alone, and read by others. Every member has its own copy, which takes the same changes
 * in the same order or none.
 */
final class ReplicatedState implements IdentifiedDataSerializable {
  /** Of so many recent revisions it is known how they were reached. */
  private static final int CHAINS = 1 << 14;

  /** It is copied with the objects whenever a member joins; watch caches keep more of their own. */
  private static final Retention HISTORY = new Retention(8_192, 8 << 20, Duration.ofMinutes(5));

  /** Longer than any message of a lane's can be under way. */
  private static final long SESSION_MILLIS = 3_600_000;

  // Reads of other threads see a whole change or none of it.
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Long, Session> sessions = new HashMap<>();
  private final long[] chains = new long[CHAINS];
  private Snapshot newest;
  private History history;
  private Position position;
  private long committed;
  private long term;
  private UUID owner = new UUID(0, 0);

  /** What a batch came to at the owner: its answers, and what the backups have to do. */
  record Decision(List<Answer> answers, Replication replication) {}

  /** Makes one to be read. */
  ReplicatedState() {}

  /** Makes the first state of a store. */
  ReplicatedState(Snapshot first, long nowMillis) {
    begin(first, nowMillis);
    committed = first.revision();
    reached(new Position(first.revision(), first.revision()));
  }

  private void begin(Snapshot first, long nowMillis) {
    newest = first;
    history = new History(HISTORY, first, nowMillis);
  }

  private void reached(Position next) {
    position = next;
    chains[(int) (next.revision() & (CHAINS - 1))] = next.chain();
  }

  /** Decides on a batch at the owner, and applies what holds. */
  Decision decide(Batch batch, UUID self, long nowMillis) {
    lock.lock();
    try {
      if (!self.equals(owner)) {
        owner = self;
        term++;
      }
      Position before = position;
      Session session = sessions.computeIfAbsent(batch.lane(), l -> new Session());
      session.seen(batch.finished(), nowMillis);
      sessions.values().removeIf(s -> s.seenMillis() < nowMillis - SESSION_MILLIS);
      committed = Math.max(committed, Math.min(batch.committed(), position.revision()));
      List<Answer> answers = new ArrayList<>(batch.operations().size());
      List<Operation> accepted = new ArrayList<>();
      for (Operation operation : batch.operations()) {
        answers.add(
            switch (operation) {
              case Change change -> answer(batch.lane(), session, change, nowMillis, accepted);
              case Operation.Read read -> new Answer.Newest(position.revision());
              case Operation.Compact compact -> compact(compact, accepted);
            });
      }
      return new Decision(
          answers,
          new Replication(
              batch.id(),
              batch.lane(),
              batch.finished(),
              new Replication.Lineage(before, position, committed, term, owner),
              nowMillis,
              accepted));
    } finally {
      lock.unlock();
    }
  }

  private Answer answer(
      long lane, Session session, Change change, long nowMillis, List<Operation> accepted) {
    if (session.isFinished(change.number())) {
      return new Answer.Forgotten();
    }
    Long done = session.revision(change.number());
    if (done != null) {
      return new Answer.Done(done, change.value() == null ? deletedAt(done) : null);
    }
    Entry current = newest.entries().get(change.key());
    if ((current == null ? 0 : current.revision()) != change.expected()) {
      return current == null
          ? new Answer.Conflict(0, null)
          : new Answer.Conflict(current.revision(), current.value());
    }
    apply(lane, session, change, nowMillis);
    accepted.add(change);
    return new Answer.Done(position.revision(), change.value() == null ? current.value() : null);
  }

  private Buffer deletedAt(long revision) {
    return revision <= history.oldest()
        ? Buffer.buffer()
        : history.after(revision - 1, 1).getFirst().entry().value();
  }

  private Answer compact(Operation.Compact compact, List<Operation> accepted) {
    if (compact.revision() > position.revision()) {
      return new Answer.Newest(position.revision());
    }
    history.compact(compact.revision());
    accepted.add(compact);
    return new Answer.Compacted();
  }

  private void apply(long lane, Session session, Change change, long nowMillis) {
    Position next = position.next(lane, change.number());
    append(change.key(), change.value(), nowMillis);
    reached(next);
    session.applied(change.number(), next.revision());
  }

  private void append(String key, Buffer value, long nowMillis) {
    Entry current = newest.entries().get(key);
    long revision = newest.revision() + 1;
    Entry entry = new Entry(key, value == null ? current.value() : value, revision);
    var type =
        value == null
            ? Event.Type.DELETED
            : current == null ? Event.Type.CREATED : Event.Type.UPDATED;
    newest =
        new Snapshot(
            revision,
            value == null ? newest.entries().without(key) : newest.entries().with(key, entry));
    history.append(newest, new Event(type, entry, current), nowMillis);
  }

  /**
   * Does at a backup what was decided at the owner. What sends the acknowledgement relies on this:
   * it fails unless this copy went the same way as the owner's.
   */
  void follow(Replication replication) {
    lock.lock();
    try {
      var lineage = replication.lineage();
      if (position.equals(lineage.before())) {
        Session session = sessions.computeIfAbsent(replication.lane(), l -> new Session());
        long now = replication.nowMillis();
        session.seen(replication.finished(), now);
        sessions.values().removeIf(s -> s.seenMillis() < now - SESSION_MILLIS);
        for (Operation operation : replication.accepted()) {
          switch (operation) {
            case Change change -> apply(replication.lane(), session, change, now);
            case Operation.Compact compact -> history.compact(compact.revision());
            case Operation.Read read -> {}
          }
        }
        if (!position.equals(lineage.after())) {
          throw new IllegalStateException("came to " + position + ", not " + lineage.after());
        }
      } else if (lineage.isEmpty() || !went(lineage.after())) {
        // A copy taken of the owner may hold what is still under way to this backup, no other may.
        throw new IllegalStateException("is at " + position + ", not at " + lineage.before());
      }
      committed = Math.max(committed, lineage.committed());
      term = lineage.term();
      owner = lineage.owner();
    } finally {
      lock.unlock();
    }
  }

  /** Tells whether the state went through a position lately. */
  private boolean went(Position past) {
    return past.revision() <= position.revision()
        && past.revision() > position.revision() - CHAINS
        && chains[(int) (past.revision() & (CHAINS - 1))] == past.chain();
  }

  /** Tells whether another state knows of more that a majority may hold. */
  boolean isBehind(ReplicatedState other) {
    return other.term != term ? other.term > term : other.position.revision() > position.revision();
  }

  long revision() {
    return position.revision();
  }

  long committed() {
    return committed;
  }

  /** Reads history and newest state, which stay as they are meanwhile. */
  <T> T read(Function<History, T> reading) {
    lock.lock();
    try {
      return reading.apply(history);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public int getFactoryId() {
    return Types.FACTORY;
  }

  @Override
  public int getClassId() {
    return Types.STATE;
  }

  /** Writes the oldest state kept and what followed, from which every later one comes again. */
  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    Snapshot base;
    List<Event> events;
    Map<Long, Session> lanes = new HashMap<>();
    lock.lock();
    try {
      base = history.at(history.oldest());
      events = history.after(base.revision(), Integer.MAX_VALUE);
      sessions.forEach((lane, session) -> lanes.put(lane, new Session(session)));
      position.write(out);
      out.writeLong(committed);
      out.writeLong(term);
      out.writeLong(owner.getMostSignificantBits());
      out.writeLong(owner.getLeastSignificantBits());
      out.writeLongArray(chains);
    } finally {
      lock.unlock();
    }
    out.writeInt(lanes.size());
    for (var lane : lanes.entrySet()) {
      out.writeLong(lane.getKey());
      lane.getValue().write(out);
    }
    out.writeLong(base.revision());
    out.writeInt(base.entries().size());
    for (Entry entry : base.entries().values()) {
      out.writeString(entry.key());
      out.writeLong(entry.revision());
      Bytes.write(out, entry.value());
    }
    out.writeInt(events.size());
    for (Event event : events) {
      boolean deleted = event.type() == Event.Type.DELETED;
      out.writeString(event.entry().key());
      Bytes.write(out, deleted ? null : event.entry().value());
    }
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    position = Position.read(in);
    committed = in.readLong();
    term = in.readLong();
    owner = new UUID(in.readLong(), in.readLong());
    System.arraycopy(in.readLongArray(), 0, chains, 0, CHAINS);
    int lanes = in.readInt();
    for (int i = 0; i < lanes; i++) {
      sessions.put(in.readLong(), Session.read(in));
    }
    long first = in.readLong();
    int size = in.readInt();
    List<String> keys = new ArrayList<>();
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      String key = in.readString();
      long revision = in.readLong();
      keys.add(key);
      entries.add(new Entry(key, Bytes.read(in), revision));
    }
    long now = System.currentTimeMillis();
    begin(new Snapshot(first, PersistentMap.ofSorted(keys, entries)), now);
    int events = in.readInt();
    for (int i = 0; i < events; i++) {
      append(in.readString(), Bytes.read(in), now);
    }
  }
}
