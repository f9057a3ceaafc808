package io.hubspoke.streams;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;

/**
 * The channels of an exec or attach at the server's end, whichever protocol carries them. Those
 * that the {@link RemoteCommand} doesn't name are null.
 */
public interface RemoteCommandChannels {

  /** Returns what the client types, paused; its end is the client's end of file. */
  ReadStream<Buffer> stdin();

  /** Returns where output goes; it is full when the client doesn't read. */
  WriteStream<Buffer> stdout();

  /** Returns where errors go. */
  WriteStream<Buffer> stderr();

  /** Calls for each size that the client's terminal gets, the first one included. */
  void resizeHandler(Handler<TerminalSize> handler);

  /**
   * Says how it ended, in the way of the agreed protocol version, after all that was written to the
   * channels before, and closes the connection.
   */
  Future<Void> finish(Outcome outcome);

  /** Completes when the connection has ended, however it did. */
  Future<Void> closed();
}
