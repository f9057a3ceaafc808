package io.hubspoke.kubelet.runtime.shell;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.streams.Pipe;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a terminal shows. */
final class TerminalTest {
  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  @Test
  void whatWasTypedTogetherIsShownTogether() throws Exception {
    ContextInternal context = ((VertxInternal) vertx).createEventLoopContext();
    Pipe keys = new Pipe(context);
    Pipe screen = new Pipe(context);
    List<String> shown = new CopyOnWriteArrayList<>();
    screen.source().handler(bytes -> shown.add(bytes.toString())).resume();
    Terminal terminal = new Terminal(keys.source(), screen.sink(), () -> {});
    Await.result(keys.sink().write(Buffer.buffer("one\rtwp\177o\rth")));
    Await.until("all of it", () -> String.join("", shown).endsWith("th"));
    // A prompt that is printed meanwhile comes between these, and not within.
    assertThat(shown).containsExactly("one\r\n", "twp\b \bo\r\n", "th");
    assertThat(terminal.input().read()).hasToString("one\n");
    assertThat(terminal.input().read()).hasToString("two\n");
  }
}
