package io.hubspoke.streams;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.function.Function;

/** What a client of an exec or attach learns of its end, by the error channel. */
public final class ExitStatus {
  /** A Status that is longer is none. */
  private static final int MAX_LENGTH = 1 << 20;

  private final Function<byte[], Outcome> form;
  private final Buffer said = Buffer.buffer();
  private final Promise<Integer> exited = Promise.promise();

  /**
   * @param form reads what the channel carries in the agreed version of the protocol
   */
  public ExitStatus(Function<byte[], Outcome> form) {
    this.form = form;
  }

  /** Takes more of the channel; returns false when it has become too long, which has failed it. */
  public boolean add(Buffer more) {
    if (said.length() + more.length() > MAX_LENGTH) {
      exited.tryFail(new IOException("error stream protocol error: a status above 1 MiB"));
      return false;
    }
    said.appendBuffer(more);
    return true;
  }

  /**
   * The channel has ended.
   *
   * @param broken null when it ended in good order
   */
  public void end(Throwable broken) {
    if (said.length() > 0) {
      switch (form.apply(said.getBytes())) {
        case Outcome.Exited(int code) -> exited.tryComplete(code);
        case Outcome.Failed(var failure) -> exited.tryFail(failure.toException());
      }
    } else if (broken != null) {
      exited.tryFail(broken);
    } else {
      // As kubectl has it: closed in good order without a word is success.
      exited.tryComplete(0);
    }
  }

  /** The connection to it has ended otherwise. */
  public void fail(Throwable cause) {
    exited.tryFail(cause);
  }

  /** As {@link RemoteProcess#exited()}. */
  public Future<Integer> exited() {
    return exited.future();
  }
}
