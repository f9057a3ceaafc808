package io.hubspoke.testing;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.AppenderBase;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/**
 * Fails a test class during which Vert.x reported a blocked thread. Registered for every module.
 */
public final class BlockedThreads implements AfterAllCallback {
  /**
   * The checker reports from 2 s on, each second anew. On a busy machine a first handshake alone
   * was seen to take 2.02 s of waiting for a core; what blocks goes on to the next report.
   */
  private static final long LIMIT_MILLIS = 3_000;

  private static final int FRAMES = 20;

  private static final Pattern BLOCKED = Pattern.compile("blocked for (\\d+) ms");
  private static final Queue<String> REPORTS = new ConcurrentLinkedQueue<>();

  static {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    AppenderBase<ILoggingEvent> recorder =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            if (millis(event.getFormattedMessage()) >= LIMIT_MILLIS && !closes(event)) {
              REPORTS.add(event.getFormattedMessage() + stack(event));
            }
          }
        };
    recorder.setContext(context);
    recorder.start();
    context.getLogger("io.vertx.core.impl.BlockedThreadChecker").addAppender(recorder);
  }

  /** Does nothing; being loaded is what counts. */
  public BlockedThreads() {}

  private static long millis(String report) {
    var blocked = BLOCKED.matcher(report);
    return blocked.find() ? Long.parseLong(blocked.group(1)) : Long.MAX_VALUE;
  }

  /**
   * A Vert.x that closes waits, on a thread of its own that serves nobody any more, for virtual
   * threads to end; which it reports as it does what blocks.
   */
  private static boolean closes(ILoggingEvent event) {
    return frames(event)
        .anyMatch(
            frame ->
                frame.getClassName().startsWith("io.vertx.core.impl.VertxImpl")
                    && frame.getMethodName().contains("deleteCacheDirAndShutdown"));
  }

  private static String stack(ILoggingEvent event) {
    return frames(event)
        .limit(FRAMES)
        .map(frame -> "\n  at " + frame)
        .collect(Collectors.joining());
  }

  private static Stream<StackTraceElement> frames(ILoggingEvent event) {
    var thrown = event.getThrowableProxy();
    return thrown == null
        ? Stream.empty()
        : Arrays.stream(thrown.getStackTraceElementProxyArray())
            .map(StackTraceElementProxy::getStackTraceElement);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    String report = REPORTS.poll();
    if (report != null) {
      REPORTS.clear();
      throw new AssertionError("an event loop was blocked while this class ran: " + report);
    }
  }
}
