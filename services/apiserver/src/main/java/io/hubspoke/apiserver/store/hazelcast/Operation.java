package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What a lane asks of the state. Its number is the lane's own and never used again. */
sealed interface Operation {
  long number();

  /**
   * A change of one key.
   *
   * @param expected the revision that the key must be at; 0 when it must not exist
   * @param value what to write; null to delete
   */
  record Change(long number, String key, long expected, Buffer value) implements Operation {}

  /** Asks for the newest revision. */
  record Read(long number) implements Operation {}

  /** Forgets history below a revision. */
  record Compact(long number, long revision) implements Operation {}

  static void write(ObjectDataOutput out, List<? extends Operation> operations) throws IOException {
    out.writeInt(operations.size());
    for (Operation operation : operations) {
      out.writeLong(operation.number());
      switch (operation) {
        case Change(long number, String key, long expected, Buffer value) -> {
          out.writeByte(0);
          out.writeString(key);
          out.writeLong(expected);
          Bytes.write(out, value);
        }
        case Read(long number) -> out.writeByte(1);
        case Compact(long number, long revision) -> {
          out.writeByte(2);
          out.writeLong(revision);
        }
      }
    }
  }

  static List<Operation> read(ObjectDataInput in) throws IOException {
    int size = in.readInt();
    List<Operation> operations = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      long number = in.readLong();
      byte kind = in.readByte();
      operations.add(
          switch (kind) {
            case 0 -> new Change(number, in.readString(), in.readLong(), Bytes.read(in));
            case 1 -> new Read(number);
            case 2 -> new Compact(number, in.readLong());
            default -> throw new IOException("operation of kind " + kind);
          });
    }
    return operations;
  }
}
