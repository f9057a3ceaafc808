package io.hubspoke.kubelet.runtime.process;

import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.TerminalSize;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.util.concurrent.atomic.AtomicBoolean;

/** A process that was started by exec. */
final class ExecProcess implements RemoteProcess {
  private final FdPoller poller;
  private final Child child;
  private final ContainerProcess.Ends ends;
  private final FdSource stdout;
  private final FdSource stderr;
  private final FdSink stdin;
  private final Promise<Integer> exited = Promise.promise();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile boolean released;

  ExecProcess(ContextInternal context, FdPoller poller, Child child, ContainerProcess.Ends ends) {
    this.poller = poller;
    this.child = child;
    this.ends = ends;
    boolean tty = ends.terminal() >= 0;
    int out = tty ? ends.terminal() : ends.stdout();
    this.stdout = out < 0 ? null : new FdSource(context, poller, out);
    this.stderr = tty || ends.stderr() < 0 ? null : new FdSource(context, poller, ends.stderr());
    this.stdin =
        tty
            ? new FdSink(context, poller, ends.terminal(), () -> {})
            : ends.stdin() < 0
                ? null
                : new FdSink(context, poller, ends.stdin(), () -> poller.closeFd(ends.stdin()));
    child
        .exited()
        .onComplete(
            code ->
                Future.join(ended(stdout), ended(stderr))
                    .onComplete(
                        done -> {
                          release();
                          exited.tryComplete(code.result());
                        }));
  }

  private static Future<Void> ended(FdSource source) {
    return source == null ? Future.succeededFuture() : source.ended();
  }

  private void release() {
    released = true;
    if (ends.terminal() >= 0) {
      stdin.cut();
      poller.closeFd(ends.terminal());
      return;
    }
    if (stdin != null) {
      stdin.cut();
      stdin.end().otherwiseEmpty();
    }
    if (stdout != null) {
      poller.closeFd(ends.stdout());
    }
    if (stderr != null) {
      poller.closeFd(ends.stderr());
    }
  }

  @Override
  public WriteStream<Buffer> stdin() {
    return stdin;
  }

  @Override
  public ReadStream<Buffer> stdout() {
    return stdout;
  }

  @Override
  public ReadStream<Buffer> stderr() {
    return stderr;
  }

  @Override
  public void resize(TerminalSize size) {
    if (ends.terminal() >= 0 && !released) {
      Terminal.resize(ends.terminal(), size);
    }
  }

  @Override
  public Future<Integer> exited() {
    return exited.future();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true) && !exited.future().isComplete()) {
      Thread.ofVirtual().start(this::end);
    }
  }

  private void end() {
    if (child.running()) {
      ProcessTable.tree(child.pid())
          .forEach(entry -> Libc.tryCall(Libc.KILL, entry.pid(), Libc.SIGKILL));
      child.signal(Libc.SIGKILL);
    }
    if (stdout != null) {
      stdout.cut();
    }
    if (stderr != null) {
      stderr.cut();
    }
  }
}
