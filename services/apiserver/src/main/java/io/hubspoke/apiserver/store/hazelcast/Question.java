package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.Callable;

/** Asks one member about its copy of the state, or tells it something of that. */
final class Question implements Callable<Long>, IdentifiedDataSerializable {
  /** The answer of a member that has had a state, to {@link About#BEGINNING}. */
  static final long HAS_BEGUN = Long.MAX_VALUE;

  /** What is asked. */
  enum About {
    /** Whether the member holds what came of a batch: 1, or 0. */
    HOLDING,
    /** Tells that what came of a batch is there to stay. */
    COMMITTED,
    /** The revision of the snapshot that the member could begin with, 0 for none. */
    BEGINNING
  }

  private final transient Replica replica;
  private About about;
  private UUID batch;
  private Position position;

  /** Makes one to be read at a member. */
  Question(Replica replica) {
    this.replica = replica;
  }

  Question(About about, UUID batch, Position position) {
    this.replica = null;
    this.about = about;
    this.batch = batch;
    this.position = position;
  }

  @Override
  public Long call() {
    return switch (about) {
      case HOLDING -> replica.awaitHolding(batch, position) ? 1L : 0L;
      case COMMITTED -> replica.releaseIfHeld(batch, position) ? 1L : 0L;
      case BEGINNING -> replica.beginning();
    };
  }

  @Override
  public int getFactoryId() {
    return Types.FACTORY;
  }

  @Override
  public int getClassId() {
    return Types.QUESTION;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeString(about.name());
    out.writeLong(batch.getMostSignificantBits());
    out.writeLong(batch.getLeastSignificantBits());
    position.write(out);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    about = About.valueOf(in.readString());
    batch = new UUID(in.readLong(), in.readLong());
    position = Position.read(in);
  }
}
