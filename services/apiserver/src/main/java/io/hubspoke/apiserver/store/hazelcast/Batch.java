package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Brings a lane's operations to the owner of the state; the backups get what it accepted. */
final class Batch
    implements EntryProcessor<String, ReplicatedState, BatchResult>, IdentifiedDataSerializable {
  private final transient Replica replica;
  private transient Replication replication;
  private UUID id;
  private long lane;
  private long finished;
  private long committed;
  private List<Operation> operations;

  /** Makes one to be read at a member. */
  Batch(Replica replica) {
    this.replica = replica;
  }

  /**
   * @param id names this attempt, so that members can tell whether they hold what came of it
   * @param finished the lane's operations below this number need no answer any more
   * @param committed the newest revision of which the lane knows that it is there to stay
   */
  Batch(
      Replica replica,
      UUID id,
      long lane,
      long finished,
      long committed,
      List<Operation> operations) {
    this.replica = replica;
    this.id = id;
    this.lane = lane;
    this.finished = finished;
    this.committed = committed;
    this.operations = operations;
  }

  UUID id() {
    return id;
  }

  long lane() {
    return lane;
  }

  long finished() {
    return finished;
  }

  long committed() {
    return committed;
  }

  List<Operation> operations() {
    return operations;
  }

  @Override
  public BatchResult process(Map.Entry<String, ReplicatedState> entry) {
    replication = null;
    ReplicatedState state = entry.getValue();
    if (state == null) {
      return BatchResult.refused(BatchResult.Outcome.ABSENT);
    }
    // Hazelcast's own protection is switched on a moment after a member was removed.
    if (!replica.seesMajority()) {
      return BatchResult.refused(BatchResult.Outcome.MINORITY);
    }
    if (committed > state.revision()) {
      return BatchResult.refused(BatchResult.Outcome.BEHIND);
    }
    UUID self = replica.member();
    var decision = state.decide(this, self, System.currentTimeMillis());
    replication = decision.replication();
    Position after = replication.lineage().after();
    replica.holds(state, id, after);
    return new BatchResult(BatchResult.Outcome.DECIDED, self, after, decision.answers());
  }

  @Override
  public EntryProcessor<String, ReplicatedState, BatchResult> getBackupProcessor() {
    return forBackups(replication);
  }

  @SuppressWarnings("unchecked") // nobody asks a backup's processor for its result
  private static EntryProcessor<String, ReplicatedState, BatchResult> forBackups(
      EntryProcessor<String, ReplicatedState, ?> processor) {
    return (EntryProcessor<String, ReplicatedState, BatchResult>) processor;
  }

  @Override
  public int getFactoryId() {
    return Types.FACTORY;
  }

  @Override
  public int getClassId() {
    return Types.BATCH;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeLong(id.getMostSignificantBits());
    out.writeLong(id.getLeastSignificantBits());
    out.writeLong(lane);
    out.writeLong(finished);
    out.writeLong(committed);
    Operation.write(out, operations);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    id = new UUID(in.readLong(), in.readLong());
    lane = in.readLong();
    finished = in.readLong();
    committed = in.readLong();
    operations = Operation.read(in);
  }
}
