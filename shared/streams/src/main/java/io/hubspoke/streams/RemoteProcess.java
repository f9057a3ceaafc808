package io.hubspoke.streams;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;

/**
 * A process as whoever runs it from afar holds it: what a runtime returns for exec and attach, and
 * what a client of the protocols gets. Readers must read or {@link #close()}: a stream that nobody
 * reads holds the process back.
 */
public interface RemoteProcess {

  /** Returns where its input goes, null when none was asked for; ending it is end of file. */
  WriteStream<Buffer> stdin();

  /** Returns its output, paused until a handler is set and resumed; null when not asked for. */
  ReadStream<Buffer> stdout();

  /** Returns its errors likewise; null when not asked for, or with a terminal. */
  ReadStream<Buffer> stderr();

  /** Changes its terminal's size; nothing happens without a terminal. */
  void resize(TerminalSize size);

  /**
   * Completes with the exit code when the process has ended and its output is in the streams above;
   * for an attach with 0 when the container's process has ended. Fails when it could not be run or
   * the connection to it broke, with the reason as the message.
   */
  Future<Integer> exited();

  /**
   * Lets go of it, as when the caller has gone: an exec'd process ends, an attached one goes on.
   */
  void close();
}
