package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What became of an operation. */
sealed interface Answer {
  /**
   * The change was made, at this revision.
   *
   * @param deleted the last value of what was deleted; null for other changes
   */
  record Done(long revision, Buffer deleted) implements Answer {}

  /** The key is at another revision; 0 when it does not exist. */
  record Conflict(long revision, Buffer value) implements Answer {}

  /** The newest revision, to a question for it or a compaction up to what is yet to come. */
  record Newest(long revision) implements Answer {}

  /** The history is as short as asked for. */
  record Compacted() implements Answer {}

  /** The lane has said of this number that it needs no answer any more. */
  record Forgotten() implements Answer {}

  static void write(ObjectDataOutput out, List<Answer> answers) throws IOException {
    out.writeInt(answers.size());
    for (Answer answer : answers) {
      switch (answer) {
        case Done(long revision, Buffer deleted) -> {
          out.writeByte(0);
          out.writeLong(revision);
          Bytes.write(out, deleted);
        }
        case Conflict(long revision, Buffer value) -> {
          out.writeByte(1);
          out.writeLong(revision);
          Bytes.write(out, value);
        }
        case Newest(long revision) -> {
          out.writeByte(2);
          out.writeLong(revision);
        }
        case Compacted() -> out.writeByte(3);
        case Forgotten() -> out.writeByte(4);
      }
    }
  }

  static List<Answer> read(ObjectDataInput in) throws IOException {
    int size = in.readInt();
    List<Answer> answers = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      byte kind = in.readByte();
      answers.add(
          switch (kind) {
            case 0 -> new Done(in.readLong(), Bytes.read(in));
            case 1 -> new Conflict(in.readLong(), Bytes.read(in));
            case 2 -> new Newest(in.readLong());
            case 3 -> new Compacted();
            case 4 -> new Forgotten();
            default -> throw new IOException("answer of kind " + kind);
          });
    }
    return answers;
  }
}
