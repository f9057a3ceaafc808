package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Carries what the owner accepted of a batch to a backup, where it succeeds only if that copy went
 * the same way so far.
 */
final class Replication
    implements EntryProcessor<String, ReplicatedState, Boolean>, IdentifiedDataSerializable {
  private final transient Replica replica;
  private UUID batch;
  private long lane;
  private long finished;
  private Lineage lineage;
  private long nowMillis;
  private List<Operation> accepted;

  /**
   * Which way the owner's copy went.
   *
   * @param committed the newest revision known to be there to stay
   * @param term counts the owners, one after the other
   */
  record Lineage(Position before, Position after, long committed, long term, UUID owner) {
    boolean isEmpty() {
      return before.equals(after);
    }
  }

  /** Makes one to be read at a member. */
  Replication(Replica replica) {
    this.replica = replica;
  }

  Replication(
      UUID batch,
      long lane,
      long finished,
      Lineage lineage,
      long nowMillis,
      List<Operation> accepted) {
    this.replica = null;
    this.batch = batch;
    this.lane = lane;
    this.finished = finished;
    this.lineage = lineage;
    this.nowMillis = nowMillis;
    this.accepted = accepted;
  }

  long lane() {
    return lane;
  }

  long finished() {
    return finished;
  }

  Lineage lineage() {
    return lineage;
  }

  long nowMillis() {
    return nowMillis;
  }

  List<Operation> accepted() {
    return accepted;
  }

  @Override
  public Boolean process(Map.Entry<String, ReplicatedState> entry) {
    ReplicatedState state = entry.getValue();
    if (state == null) {
      throw new IllegalStateException("this member has no copy of the store yet");
    }
    state.follow(this);
    replica.holds(state, batch, lineage.after());
    return true;
  }

  @Override
  public int getFactoryId() {
    return Types.FACTORY;
  }

  @Override
  public int getClassId() {
    return Types.REPLICATION;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(batch.getMostSignificantBits());
    out.writeLong(batch.getLeastSignificantBits());
    out.writeLong(lane);
    out.writeLong(finished);
    lineage.before().write(out);
    lineage.after().write(out);
    out.writeLong(lineage.committed());
    out.writeLong(lineage.term());
    out.writeLong(lineage.owner().getMostSignificantBits());
    out.writeLong(lineage.owner().getLeastSignificantBits());
    out.writeLong(nowMillis);
    Operation.write(out, accepted);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    batch = new UUID(in.readLong(), in.readLong());
    lane = in.readLong();
    finished = in.readLong();
    lineage =
        new Lineage(
            Position.read(in),
            Position.read(in),
            in.readLong(),
            in.readLong(),
            new UUID(in.readLong(), in.readLong()));
    nowMillis = in.readLong();
    accepted = Operation.read(in);
  }
}
