package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.List;
import java.util.UUID;

/** What the owner of the state says to a batch. */
final class BatchResult implements IdentifiedDataSerializable {
  /** Whether the owner decided on the batch, and if not, why. */
  enum Outcome {
    DECIDED,
    /** There is no state yet. */
    ABSENT,
    /** The owner doesn't see enough members. */
    MINORITY,
    /** The lane knows of a revision that the owner has never had. */
    BEHIND
  }

  private Outcome outcome;
  private UUID owner;
  private Position position;
  private List<Answer> answers;

  BatchResult() {}

  BatchResult(Outcome outcome, UUID owner, Position position, List<Answer> answers) {
    this.outcome = outcome;
    this.owner = owner;
    this.position = position;
    this.answers = answers;
  }

  static BatchResult refused(Outcome why) {
    return new BatchResult(why, new UUID(0, 0), new Position(0, 0), List.of());
  }

  Outcome outcome() {
    return outcome;
  }

  UUID owner() {
    return owner;
  }

  /** Returns where the state was when it had decided on the batch. */
  Position position() {
    return position;
  }

  List<Answer> answers() {
    return answers;
  }

  @Override
  public int getFactoryId() {
    return Types.FACTORY;
  }

  @Override
  public int getClassId() {
    return Types.RESULT;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(outcome.name());
    out.writeLong(owner.getMostSignificantBits());
    out.writeLong(owner.getLeastSignificantBits());
    position.write(out);
    Answer.write(out, answers);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    outcome = Outcome.valueOf(in.readString());
    owner = new UUID(in.readLong(), in.readLong());
    position = Position.read(in);
    answers = Answer.read(in);
  }
}
