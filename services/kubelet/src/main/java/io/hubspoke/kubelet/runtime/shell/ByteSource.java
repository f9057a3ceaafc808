package io.hubspoke.kubelet.runtime.shell;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;

/** What a command reads. */
interface ByteSource {
  /** Returns what there is, waiting for it; null at the end. */
  Buffer read() throws IOException, InterruptedException;

  /** Lets go of it: whoever writes to it hears of a broken pipe. */
  default void close() throws IOException {}
}
