package io.hubspoke.runtime;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;
import io.vertx.core.json.JsonObject;

/**
 * Writes an event as an object on a line, with the keys of {@code --logging-format=json} ("System
 * Logs", JSON log format): {@code ts} in milliseconds, {@code v} for what is no error, {@code err}.
 */
final class JsonLines extends LayoutBase<ILoggingEvent> {
  @Override
  public String doLayout(ILoggingEvent event) {
    JsonObject line =
        new JsonObject()
            .put("ts", event.getTimeStamp())
            .put("level", event.getLevel().toString().toLowerCase(java.util.Locale.ROOT))
            .put("logger", event.getLoggerName())
            .put("msg", event.getFormattedMessage());
    if (event.getLevel().toInt() < Level.WARN_INT) {
      line.put("v", event.getLevel().toInt() >= Level.INFO_INT ? 0 : 4);
    }
    if (event.getThrowableProxy() != null) {
      line.put("err", event.getThrowableProxy().getMessage());
      line.put("stacktrace", ThrowableProxyUtil.asString(event.getThrowableProxy()));
    }
    // A terminal takes these for commands, or for the end of the line.
    return line.encode().replaceAll("[\\u007f-\\u009f\\u2028\\u2029]", "?") + "\n";
  }
}
