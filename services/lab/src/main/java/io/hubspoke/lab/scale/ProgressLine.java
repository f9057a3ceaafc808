package io.hubspoke.lab.scale;

import java.io.PrintWriter;
import java.util.function.Supplier;

/** Shows how it goes: by a line that is written over on a terminal, now and then elsewhere. */
public final class ProgressLine implements AutoCloseable {
  private static final long TERMINAL_MILLIS = 500;
  private static final long FILE_MILLIS = 10_000;
  private static final String CLEAR = "\r\u001b[K";

  private final PrintWriter err;
  private final boolean terminal;
  private final long began = System.nanoTime();
  private final Thread showing;
  private volatile Supplier<String> live = () -> "";
  private boolean dirty;

  /** Shows nothing yet. */
  public ProgressLine(PrintWriter err) {
    this.err = err;
    this.terminal = isTerminal();
    this.showing = Thread.ofVirtual().start(this::show);
  }

  @SuppressWarnings("SystemConsoleNull") // It is null in a JDK 25 whose output goes to a file.
  private static boolean isTerminal() {
    var console = System.console();
    return console != null && console.isTerminal();
  }

  /** Says once what begins. */
  public synchronized void phase(String what) {
    live = () -> "";
    line(what, true);
  }

  /** Says once what has happened while something goes on. */
  public synchronized void note(String what) {
    line(what, true);
  }

  /** Shows this again and again until something else begins. */
  public void live(Supplier<String> text) {
    live = text;
  }

  private void show() {
    try {
      while (true) {
        Thread.sleep(terminal ? TERMINAL_MILLIS : FILE_MILLIS);
        var text = live.get();
        if (!text.isEmpty()) {
          line(text, !terminal);
        }
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void line(String text, boolean stays) {
    err.printf(
        "%s%6.1f s  %s%s",
        dirty ? CLEAR : "", (System.nanoTime() - began) / 1e9, text, stays ? "\n" : "");
    dirty = !stays;
    err.flush();
  }

  @Override
  public synchronized void close() {
    showing.interrupt();
    if (dirty) {
      err.print(CLEAR);
      err.flush();
    }
  }
}
