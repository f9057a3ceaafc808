package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;

/** Writes and reads the bytes of objects; null too. */
final class Bytes {
  private Bytes() {}

  static void write(ObjectDataOutput out, Buffer value) throws IOException {
    out.writeByteArray(value == null ? null : value.getBytes());
  }

  static Buffer read(ObjectDataInput in) throws IOException {
    byte[] bytes = in.readByteArray();
    return bytes == null ? null : Buffer.buffer(bytes);
  }
}
