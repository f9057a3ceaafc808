package io.hubspoke.testing;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/**
 * Fails a test class during which Vert.x reported a blocked thread. Registered for every module.
 */
public final class BlockedThreads implements AfterAllCallback {
  private static final Queue<String> REPORTS = new ConcurrentLinkedQueue<>();

  static {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    AppenderBase<ILoggingEvent> recorder =
        new AppenderBase<>() {
          @Override
          protected void append(ILoggingEvent event) {
            REPORTS.add(event.getFormattedMessage());
          }
        };
    recorder.setContext(context);
    recorder.start();
    context.getLogger("io.vertx.core.impl.BlockedThreadChecker").addAppender(recorder);
  }

  /** Does nothing; being loaded is what counts. */
  public BlockedThreads() {}

  @Override
  public void afterAll(ExtensionContext context) {
    String report = REPORTS.poll();
    if (report != null) {
      REPORTS.clear();
      throw new AssertionError("an event loop was blocked while this class ran: " + report);
    }
  }
}
