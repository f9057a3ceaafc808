package io.hubspoke.runtime;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.FileAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.LoggerFactory;

/**
 * Configures Logback: one line an event, as text or as JSON, on standard error, from the level that
 * the system property {@code hubspoke.log} names ({@code WARN} when absent). Found as a service;
 * there is no file to parse at start-up.
 */
public final class Logging extends ContextAwareBase implements Configurator {
  /**
   * What strangers put into names must not look like lines of the log, nor move a terminal's
   * cursor. Stack traces keep their line ends and tabs.
   */
  private static final String PATTERN =
      "%d{HH:mm:ss.SSS} %-5level %logger{0}"
          + " %replace(%msg){'[\\p{Cntrl}\\u0080-\\u009f\\u2028\\u2029]','?'}%n"
          + "%replace(%ex{short}){'[\\p{Cntrl}\\u0080-\\u009f\\u2028\\u2029&&[^\\n\\t]]|\\n(?!\\t|Caused by|Wrapped by|$)','?'}";

  private static volatile boolean json;

  /**
   * Chooses how events look: {@code text}, or {@code json} with the real components' keys.
   *
   * @throws IllegalArgumentException when it is neither
   */
  public static void format(String format) {
    if (!format.equals("text") && !format.equals("json")) {
      throw new IllegalArgumentException(
          "the logging format must be text or json, but is \"" + format + "\"");
    }
    json = format.equals("json");
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    root(context).detachAndStopAllAppenders();
    root(context).addAppender(console(context));
  }

  /** Sets the level of all loggers but those of libraries that are loud below it. */
  public static void level(String level) {
    root((LoggerContext) LoggerFactory.getILoggerFactory()).setLevel(Level.toLevel(level));
  }

  /**
   * Adds logs to a file from now on.
   *
   * @param alsoStandardError whether they go on there too
   * @throws IOException when it can't be written
   */
  public static void file(Path file, boolean alsoStandardError) throws IOException {
    // Logback says it in its own words, to nobody.
    Files.newByteChannel(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND).close();
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    FileAppender<ILoggingEvent> appender = new FileAppender<>();
    appender.setContext(context);
    appender.setFile(file.toString());
    appender.setEncoder(encoder(context));
    appender.start();
    if (!alsoStandardError) {
      root(context).detachAndStopAllAppenders();
    }
    root(context).addAppender(appender);
  }

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    root(context).addAppender(console(context));
    root(context).setLevel(Level.toLevel(System.getProperty("hubspoke.log"), Level.WARN));
    context.getLogger("io.netty").setLevel(Level.WARN);
    // Of connections that break before Vert.x hands them to anybody; who asked for one is told.
    context.getLogger("io.vertx.core.net.impl.ConnectionBase").setLevel(Level.OFF);
    // It warns of each connection that ends; the store says what matters of that.
    context.getLogger("com.hazelcast").setLevel(Level.ERROR);
    // Nor are members of a lab that have gone news to who has placed their nodes.
    context.getLogger("io.vertx.core.eventbus.impl.clustered").setLevel(Level.ERROR);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  private static ConsoleAppender<ILoggingEvent> console(LoggerContext context) {
    ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
    console.setContext(context);
    console.setTarget("System.err");
    console.setEncoder(encoder(context));
    console.start();
    return console;
  }

  static Encoder<ILoggingEvent> encoder(LoggerContext context) {
    if (json) {
      LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
      JsonLines layout = new JsonLines();
      layout.setContext(context);
      layout.start();
      encoder.setContext(context);
      encoder.setLayout(layout);
      encoder.start();
      return encoder;
    }
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern(PATTERN);
    encoder.start();
    return encoder;
  }

  private static ch.qos.logback.classic.Logger root(LoggerContext context) {
    return context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }
}
