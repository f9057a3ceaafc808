package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.util.function.Supplier;

/** Makes what members send each other, tied to the member that reads it. */
final class Types implements DataSerializableFactory {
  static final int FACTORY = 1;
  static final int STATE = 1;
  static final int BATCH = 2;
  static final int RESULT = 3;
  static final int REPLICATION = 4;
  static final int BEGINNING = 5;
  static final int QUESTION = 6;

  private final Supplier<Replica> replica;

  Types(Supplier<Replica> replica) {
    this.replica = replica;
  }

  @Override
  public IdentifiedDataSerializable create(int type) {
    return switch (type) {
      case STATE -> new ReplicatedState();
      case BATCH -> new Batch(replica.get());
      case RESULT -> new BatchResult();
      case REPLICATION -> new Replication(replica.get());
      case BEGINNING -> new Beginning();
      case QUESTION -> new Question(replica.get());
      default -> throw new IllegalArgumentException("type " + type);
    };
  }
}
