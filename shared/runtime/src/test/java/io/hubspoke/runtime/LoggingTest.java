package io.hubspoke.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class LoggingTest {
  private static final String FORGED = "nobody\n12:00:00.000 INFO  X all is well\r\u001b[2J\u0085";

  @Test
  void aNameWithControlCharactersMakesNoLineOfItsOwn() {
    String line = logged("unauthenticated: {}", null);
    assertThat(line)
        .matches("(?s)[0-9:.]{12} WARN  Test unauthenticated: nobody\\?12:00[^\\p{Cntrl}]*\n")
        .endsWith("all is well??[2J?\n");
  }

  @Test
  void neitherDoesAnExceptionsMessageAndItsTraceRemainsReadable() {
    String[] lines = logged("failed: {}", new IllegalStateException(FORGED)).split("\n");
    assertThat(lines[0]).contains(" WARN  Test failed: nobody?12:00");
    assertThat(lines[1])
        .startsWith("java.lang.IllegalStateException: nobody?12:00")
        .doesNotContain("\u001b", "\r");
    assertThat(lines).hasSizeGreaterThan(2);
    assertThat(lines[2]).startsWith("\tat io.hubspoke.runtime.LoggingTest");
    assertThat(lines).filteredOn(line -> line.contains("all is well")).hasSize(2);
  }

  @Test
  void asJsonAnEventIsAnObjectOnOneLineWhateverItSays() {
    String line = new JsonLines().doLayout(event("failed: {}", new IllegalStateException(FORGED)));
    assertThat(line).endsWith("}\n").matches("[^\\p{Cntrl}\u0080-\u009f]*\n");
    JsonObject event = new JsonObject(line);
    assertThat(event.getString("level")).isEqualTo("warn");
    assertThat(event.getString("msg")).startsWith("failed: nobody\n12:00");
    assertThat(event.getString("err")).startsWith("nobody\n12:00");
    assertThatThrownBy(() -> Logging.format("xml")).hasMessageContaining("text or json");
  }

  private static String logged(String message, Throwable failure) {
    LoggerContext context = new LoggerContext();
    return new String(
        Logging.encoder(context).encode(event(message, failure)), StandardCharsets.UTF_8);
  }

  private static LoggingEvent event(String message, Throwable failure) {
    var logger = new LoggerContext().getLogger("io.hubspoke.Test");
    return new LoggingEvent("", logger, Level.WARN, message, failure, new Object[] {FORGED});
  }
}
