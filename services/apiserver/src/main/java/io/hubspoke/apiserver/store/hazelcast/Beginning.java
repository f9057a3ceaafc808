package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.io.IOException;
import java.util.Map;

/** Puts the first state where there is none, at the owner and at the backups. */
final class Beginning
    implements EntryProcessor<String, ReplicatedState, Boolean>, IdentifiedDataSerializable {
  private ReplicatedState first;

  /** Makes one to be read. */
  Beginning() {}

  Beginning(ReplicatedState first) {
    this.first = first;
  }

  @Override
  public Boolean process(Map.Entry<String, ReplicatedState> entry) {
    if (entry.getValue() != null) {
      return false;
    }
    entry.setValue(first);
    return true;
  }

  @Override
  public int getFactoryId() {
    return Types.FACTORY;
  }

  @Override
  public int getClassId() {
    return Types.BEGINNING;
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    out.writeObject(first);
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    first = in.readObject();
  }
}
