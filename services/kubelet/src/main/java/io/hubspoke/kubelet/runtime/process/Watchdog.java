package io.hubspoke.kubelet.runtime.process;

import java.nio.file.Path;
import java.util.List;

/**
 * Ends the containers of this run when the kubelet is gone without having stopped: a shell that
 * waits for the end of a pipe which the kubelet alone holds open.
 */
final class Watchdog {
  private static final String SHELL = "/bin/sh";

  /** Kills what is still the process that a record names. */
  private static final String SCRIPT =
      """
      trap '' HUP INT TERM
      while read -r nothing; do :; done
      cd "$1" 2>/dev/null || exit 0
      for record in *; do
        [ -f "$record" ] || continue
        read -r pid start < "$record"
        stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
        set -- ${stat##*) }
        [ "${20}" = "$start" ] || continue
        kill -9 "$pid"
        kill -9 "-$pid"
      done
      exit 0
      """;

  private final int pid;
  private final int pipe;

  private Watchdog(int pid, int pipe) {
    this.pid = pid;
    this.pipe = pipe;
  }

  /**
   * Begins.
   *
   * @param records of this run
   */
  static Watchdog start(Path records) throws ErrnoException {
    int[] pipe = Fds.pipe();
    int nothing = Fds.open("/dev/null", Libc.O_WRONLY);
    try {
      int pid =
          new Launch(
                  SHELL,
                  List.of("hubspoke-watchdog", "-c", SCRIPT, "watchdog", records.toString()),
                  List.of("PATH=/usr/bin:/bin", "LC_ALL=C"),
                  "/",
                  pipe[0],
                  nothing,
                  nothing,
                  null,
                  null)
              .start();
      return new Watchdog(pid, pipe[1]);
    } catch (ErrnoException e) {
      Fds.close(pipe[1]);
      throw e;
    } finally {
      Fds.close(pipe[0]);
      Fds.close(nothing);
    }
  }

  /** Lets it go, when no container is left. */
  void stop() {
    Fds.close(pipe);
    int unused = Tool.waitFor(pid);
  }
}
