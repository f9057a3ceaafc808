package io.hubspoke.lab.audit;

import io.hubspoke.runtime.Component;
import io.hubspoke.streams.Duplex;
import io.hubspoke.streams.PortForwardConnection;
import io.hubspoke.streams.RemoteProcess;
import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * A stream that stays open: something is said into it, and what comes back is waited for, again and
 * again. Once it has ended every further word fails with the reason.
 */
final class Conversation implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 20;

  private final Context context;
  private final WriteStream<Buffer> out;
  private final Runnable closing;

  // Touched on the context only.
  private final StringBuilder heard = new StringBuilder();
  private Predicate<String> enough = text -> false;
  private Promise<String> answer = Promise.promise();
  private String ended = "";

  /**
   * Listens from now on; on the context.
   *
   * @param out null where nothing can be said
   */
  Conversation(Context context, ReadStream<Buffer> in, WriteStream<Buffer> out, Runnable closing) {
    this.context = context;
    this.out = out;
    this.closing = closing;
    in.exceptionHandler(broken -> end(Component.reason(broken)));
    in.endHandler(v -> end("the stream has ended"));
    in.handler(this::hear);
    in.resume();
  }

  /** Talks with a process by its input and output. */
  static Conversation with(Context context, RemoteProcess process) {
    var talk = new Conversation(context, process.stdout(), process.stdin(), process::close);
    process
        .exited()
        .onSuccess(code -> talk.end("the process has ended with exit code " + code))
        .onFailure(failure -> talk.end(Component.reason(failure)));
    return talk;
  }

  /** Talks over one of the streams of a port-forward, which ends with it. */
  static Conversation over(Context context, Duplex stream, PortForwardConnection connection) {
    return new Conversation(context, stream, stream, () -> connection.close().otherwiseEmpty());
  }

  /**
   * Says something and returns what has come since the last answer, once that is enough.
   *
   * @param said may be empty
   * @throws Exception when the stream has ended, or not enough comes
   */
  String next(String said, Predicate<String> enough) throws Exception {
    Promise<String> wanted = Promise.promise();
    context.runOnContext(
        v -> {
          if (!ended.isEmpty()) {
            wanted.fail(ended);
            return;
          }
          this.enough = enough;
          answer = wanted;
          if (!said.isEmpty()) {
            out.write(Buffer.buffer(said)).onFailure(e -> end(Component.reason(e)));
          }
          settle();
        });
    return Component.await(wanted.future().timeout(PATIENCE_SECONDS, TimeUnit.SECONDS));
  }

  private void hear(Buffer part) {
    heard.append(part.toString(StandardCharsets.UTF_8));
    settle();
  }

  private void settle() {
    var text = heard.toString();
    if (!text.isEmpty() && !answer.future().isComplete() && enough.test(text)) {
      heard.setLength(0);
      answer.complete(text);
    }
  }

  private void end(String why) {
    if (ended.isEmpty()) {
      ended = why;
    }
    answer.tryFail(why);
  }

  @Override
  public void close() {
    context.runOnContext(v -> closing.run());
  }
}
