package io.hubspoke.streams;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** A process whose streams a test holds. */
public final class TestProcess implements RemoteProcess {
  private final Pipe stdin;
  private final Pipe stdout;
  private final Pipe stderr;
  private final Promise<Integer> exited = Promise.promise();
  private final List<TerminalSize> sizes = new CopyOnWriteArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicLong written = new AtomicLong();

  public TestProcess(Vertx vertx) {
    ContextInternal context = ((VertxInternal) vertx).createEventLoopContext();
    stdin = new Pipe(context);
    stdout = new Pipe(context);
    stderr = new Pipe(context);
  }

  /** Returns what it reads. */
  public ReadStream<Buffer> input() {
    return stdin.source();
  }

  public WriteStream<Buffer> output() {
    return stdout.sink();
  }

  public WriteStream<Buffer> errors() {
    return stderr.sink();
  }

  public void exit(int code) {
    stdout.sink().end();
    stderr.sink().end();
    exited.tryComplete(code);
  }

  public void fail(String message) {
    stdout.sink().end();
    stderr.sink().end();
    exited.tryFail(message);
  }

  /** Writes back what it reads, and ends with this code at its end. */
  public TestProcess cat(int code) {
    input().pipe().endOnComplete(false).to(output()).onComplete(done -> exit(code));
    return this;
  }

  /** Writes this many bytes, as its reader lets it. */
  public TestProcess writes(long bytes) {
    Buffer block = Buffer.buffer(new byte[1 << 15]);
    output().drainHandler(v -> write(block, bytes));
    write(block, bytes);
    return this;
  }

  private void write(Buffer block, long bytes) {
    while (written.get() < bytes && !output().writeQueueFull()) {
      output().write(block);
      if (written.addAndGet(block.length()) >= bytes) {
        exit(0);
      }
    }
  }

  public long written() {
    return written.get();
  }

  public List<TerminalSize> sizes() {
    return sizes;
  }

  public boolean isClosed() {
    return closed.get();
  }

  @Override
  public WriteStream<Buffer> stdin() {
    return stdin.sink();
  }

  @Override
  public ReadStream<Buffer> stdout() {
    return stdout.source();
  }

  @Override
  public ReadStream<Buffer> stderr() {
    return stderr.source();
  }

  @Override
  public void resize(TerminalSize size) {
    sizes.add(size);
  }

  @Override
  public Future<Integer> exited() {
    return exited.future();
  }

  @Override
  public void close() {
    closed.set(true);
    stdin.abandon();
    stdout.abandon();
    stderr.abandon();
    exited.tryFail("closed");
  }
}
