package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.kubelet.logs.ContainerLog;
import io.hubspoke.kubelet.logs.LineEncoder;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * Takes one output stream of a container to its log and to those attached. It reads on when both
 * have taken what it read: a slow disk holds the process back, and so does a slow reader, who is
 * let go of when he doesn't read for a while.
 */
final class ContainerOutput {
  private static final long PATIENCE_MS = TimeUnit.SECONDS.toMillis(10);

  private final ContextInternal context;
  private final FdSource source;
  private final ContainerLog log;
  private final LineEncoder encoder;
  private final List<Tap> taps = new CopyOnWriteArrayList<>();
  private boolean ended;

  ContainerOutput(
      ContextInternal context, FdSource source, ContainerLog log, ContainerLog.Stream stream) {
    this.context = context;
    this.source = source;
    this.log = log;
    this.encoder = new LineEncoder(stream);
  }

  /** Begins; completes when the stream has ended and is in the log. */
  Future<Void> start() {
    source.handler(this::take);
    source.resume();
    return source
        .ended()
        .eventually(
            () -> {
              synchronized (this) {
                ended = true;
              }
              taps.forEach(Tap::end);
              return log.write(encoder.finish()).otherwiseEmpty();
            });
  }

  /** Returns a new reader of what comes from now on. */
  Tap tap() {
    Tap tap = new Tap(context);
    synchronized (this) {
      if (ended) {
        tap.end();
        return tap;
      }
      taps.add(tap);
    }
    tap.ended().onComplete(v -> taps.remove(tap));
    return tap;
  }

  private void take(Buffer chunk) {
    // A container whose output can't be kept goes on, as with a full disk.
    Future<Void> taken = log.write(encoder.encode(chunk.getBytes())).otherwiseEmpty();
    for (Tap tap : taps) {
      tap.offer(chunk);
      Future<Void> room = tap.room();
      if (!room.isComplete()) {
        long timer = context.setTimer(PATIENCE_MS, id -> tap.drop());
        room.onComplete(v -> context.owner().cancelTimer(timer));
        taken = taken.eventually(() -> room);
      }
    }
    if (!taken.isComplete()) {
      source.pause();
      taken.onComplete(v -> source.resume());
    }
  }
}
