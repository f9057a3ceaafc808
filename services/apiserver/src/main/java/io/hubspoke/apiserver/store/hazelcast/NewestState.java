package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.spi.merge.MergingValue;
import com.hazelcast.spi.merge.SplitBrainMergePolicy;
import java.io.IOException;

/**
 * Keeps, when parts of a cluster meet again, the state that a majority may have acknowledged: that
 * of the later owner, and of one owner's the longer one. Hazelcast merges equal parts by address,
 * so the part that joins may be the one that knows more.
 */
public final class NewestState
    implements SplitBrainMergePolicy<ReplicatedState, MergingValue<ReplicatedState>, Object> {
  @Override
  public Object merge(
      MergingValue<ReplicatedState> merging, MergingValue<ReplicatedState> existing) {
    if (existing == null || existing.getRawValue() == null) {
      return merging.getRawValue();
    }
    ReplicatedState here = existing.getDeserializedValue();
    return here.isBehind(merging.getDeserializedValue())
        ? merging.getRawValue()
        : existing.getRawValue();
  }

  @Override
  public void writeData(ObjectDataOutput out) throws IOException {
    // It has no state.
  }

  @Override
  public void readData(ObjectDataInput in) throws IOException {
    // It has no state.
  }
}
