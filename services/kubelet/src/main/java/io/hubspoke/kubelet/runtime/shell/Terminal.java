package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.streams.TerminalSize;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * A terminal between somebody who types and a process: echo, line editing, signals by keys, and a
 * carriage return before each new line.
 */
final class Terminal implements Output {
  private static final int MAX_LINE = 4096;
  private static final int ETX = 3;
  private static final int EOT = 4;
  private static final int BACKSPACE = 8;
  private static final int KILL_LINE = 21;
  private static final int KILL_WORD = 23;
  private static final int ESCAPE = 27;
  private static final int DELETE = 127;

  private final Input input = new Input();
  private final WriteStream<Buffer> screen;
  private final Output output;
  private final Runnable interrupt;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private final ByteArrayOutputStream echoed = new ByteArrayOutputStream();
  private volatile boolean raw;
  private volatile boolean echo = true;
  private volatile TerminalSize size = new TerminalSize(80, 24);
  private int escape;

  /**
   * Makes one.
   *
   * @param interrupt what Ctrl-C does
   */
  Terminal(ReadStream<Buffer> keys, WriteStream<Buffer> screen, Runnable interrupt) {
    this.screen = screen;
    this.output = new StreamOutput(screen);
    this.interrupt = interrupt;
    if (keys != null) {
      input.onDrained(keys::resume);
      keys.exceptionHandler(gone -> input.end());
      keys.endHandler(v -> input.end());
      keys.handler(
          bytes -> {
            if (typed(bytes)) {
              input.hold(keys);
            }
          });
      keys.resume();
    }
  }

  Input input() {
    return input;
  }

  TerminalSize size() {
    return size;
  }

  void resize(TerminalSize to) {
    size = to;
  }

  boolean isRaw() {
    return raw;
  }

  void setRaw(boolean on) {
    raw = on;
  }

  boolean echoes() {
    return echo;
  }

  void setEcho(boolean on) {
    echo = on;
  }

  /** Takes what was typed, and returns whether no more should come now. */
  private boolean typed(Buffer bytes) {
    if (raw) {
      show(bytes);
      return input.offer(bytes);
    }
    boolean full = false;
    for (int i = 0; i < bytes.length(); i++) {
      full = key(bytes.getByte(i) & 0xff);
    }
    showEchoed();
    return full;
  }

  private boolean key(int key) {
    if (escape > 0) {
      // Arrows and the like: ESC [ ... letter. There is no history to move in.
      escape = (escape == 1 && key == '[') || (escape == 2 && key < '@') ? 2 : 0;
      return false;
    }
    switch (key) {
      case ETX -> {
        echo("^C\n");
        showEchoed();
        line.reset();
        input.clear();
        interrupt.run();
      }
      case EOT -> {
        if (line.size() == 0) {
          input.offerEof();
        } else {
          return flush();
        }
      }
      case BACKSPACE, DELETE -> erase();
      case KILL_LINE -> {
        while (line.size() > 0) {
          erase();
        }
      }
      case KILL_WORD -> {
        while (line.size() > 0 && last() == ' ') {
          erase();
        }
        while (line.size() > 0 && last() != ' ') {
          erase();
        }
      }
      case ESCAPE -> escape = 1;
      case '\r', '\n' -> {
        echo("\n");
        line.write('\n');
        return flush();
      }
      default -> {
        if ((key >= ' ' || key == '\t') && line.size() < MAX_LINE) {
          line.write(key);
          echoed.write(key);
        }
      }
    }
    return false;
  }

  private boolean flush() {
    // Before the process can answer it.
    showEchoed();
    Buffer whole = Buffer.buffer(line.toByteArray());
    line.reset();
    return input.offer(whole);
  }

  private int last() {
    return line.toByteArray()[line.size() - 1];
  }

  private void erase() {
    byte[] bytes = line.toByteArray();
    int end = bytes.length - 1;
    if (end < 0) {
      return;
    }
    while (end > 0 && (bytes[end] & 0xc0) == 0x80) {
      end--;
    }
    line.reset();
    line.write(bytes, 0, end);
    echo("\b \b");
  }

  private void echo(String text) {
    echoed.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
  }

  /** Echoes what was typed together in one piece, so that no output comes between its keys. */
  private void showEchoed() {
    if (echoed.size() > 0) {
      show(Buffer.buffer(echoed.toByteArray()));
      echoed.reset();
    }
  }

  /** Echoes, as long as somebody looks: what is typed meanwhile is not kept for it. */
  private void show(Buffer bytes) {
    if (echo && !screen.writeQueueFull()) {
      screen.write(raw ? bytes : returned(bytes)).otherwiseEmpty();
    }
  }

  @Override
  public void write(Buffer data) throws IOException, InterruptedException {
    output.write(raw ? data : returned(data));
  }

  /** Puts a carriage return before each new line. */
  private static Buffer returned(Buffer data) {
    byte[] bytes = data.getBytes();
    int lines = 0;
    for (byte b : bytes) {
      lines += b == '\n' ? 1 : 0;
    }
    if (lines == 0) {
      return data;
    }
    byte[] with = new byte[bytes.length + lines];
    int at = 0;
    for (byte b : bytes) {
      if (b == '\n') {
        with[at++] = '\r';
      }
      with[at++] = b;
    }
    return Buffer.buffer(with);
  }
}
