package io.hubspoke.kubelet.runtime;

import io.hubspoke.kubelet.logs.ContainerLog;
import io.vertx.core.Future;
import io.vertx.core.internal.ContextInternal;
import java.util.ArrayList;
import java.util.List;

/** What an image does: a process that lives on an event loop. Called there only. */
public interface Program {
  /** Exit code of a process that a signal ended, less the signal's number. */
  int SIGNALLED = 128;

  int SIGKILL = 9;
  int SIGTERM = 15;

  /** Begins; completes with the exit code. Fails with StartException when it can't begin. */
  Future<Integer> run();

  /** Asks it to end. */
  void terminate();

  /**
   * Frees what it holds at once, without completing {@link #run()} necessarily; completes when
   * nothing of it is left.
   */
  Future<Void> kill();

  /**
   * What a program is given.
   *
   * @param context where it lives
   * @param ip its pod's address
   * @param listenIp where it listens, which its pod's address leads to
   * @param sharedIp whether others have the same address
   * @param config its arguments, environment and mounts
   * @param console where its output goes
   */
  record Surroundings(
      ContextInternal context,
      String ip,
      String listenIp,
      boolean sharedIp,
      ContainerRuntime.ContainerConfig config,
      Console console) {

    /** Returns what follows the program on its command line. */
    public List<String> arguments() {
      List<String> line = new ArrayList<>(config.command());
      line.addAll(config.args());
      return List.copyOf(config.command().isEmpty() ? line : line.subList(1, line.size()));
    }

    /** Returns where the files are that the container sees, which are those of its mounts. */
    public MountedFiles files() {
      return new MountedFiles(config.mounts());
    }

    /** Returns where its processes start. */
    String workingDirectory() {
      String given = config.spec().getWorkingDir();
      return given == null || given.isEmpty() ? "/" : given;
    }

    /** Returns the value of an argument {@code --name=value}, or the default. */
    String argument(String name, String otherwise) {
      String prefix = "--" + name + "=";
      for (String arg : config.args()) {
        if (arg.startsWith(prefix)) {
          return arg.substring(prefix.length());
        }
      }
      return otherwise;
    }

    /** Writes a line to its log, and to those attached. */
    public void out(String line) {
      console.line(ContainerLog.Stream.STDOUT, line);
    }

    /** The same as an error. */
    public void err(String line) {
      console.line(ContainerLog.Stream.STDERR, line);
    }
  }
}
