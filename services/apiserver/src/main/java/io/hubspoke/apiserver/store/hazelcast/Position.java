package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import java.io.IOException;

/**
 * How far a state is: its revision, and a hash over all operations that led there. Two states of
 * one position went the same way.
 */
record Position(long revision, long chain) {
  /** Returns where the next accepted operation of a lane leads. */
  Position next(long lane, long number) {
    long hash = mix(chain ^ lane) * 31 + number;
    return new Position(revision + 1, mix(hash + revision + 1));
  }

  /** SplitMix64's finalizer: every bit of the input changes about half of the output's. */
  private static long mix(long value) {
    long mixed = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
    return mixed ^ (mixed >>> 31);
  }

  void write(ObjectDataOutput out) throws IOException {
    out.writeLong(revision);
    out.writeLong(chain);
  }

  static Position read(ObjectDataInput in) throws IOException {
    return new Position(in.readLong(), in.readLong());
  }
}
