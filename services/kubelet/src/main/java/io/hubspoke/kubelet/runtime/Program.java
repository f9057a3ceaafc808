package io.hubspoke.kubelet.runtime;

import io.hubspoke.kubelet.logs.ContainerLog;
import io.vertx.core.Future;
import io.vertx.core.internal.ContextInternal;

/** What a built-in image does: a process that lives on an event loop. Called there only. */
interface Program {
  /** Exit code of a process that a signal ended, less the signal's number. */
  int SIGNALLED = 128;

  int SIGKILL = 9;
  int SIGTERM = 15;

  /** Begins; completes with the exit code. Fails with StartException when it can't begin. */
  Future<Integer> run();

  /** Asks it to end. */
  void terminate();

  /** Frees what it holds at once, without completing {@link #run()} necessarily. */
  void kill();

  /**
   * What a program is given.
   *
   * @param ip its pod's address
   * @param listenIp where it listens, which its pod's address leads to
   * @param sharedIp whether others have the same address
   */
  record Surroundings(
      ContextInternal context,
      String ip,
      String listenIp,
      boolean sharedIp,
      ContainerRuntime.ContainerConfig config,
      Console console) {

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

    void out(String line) {
      console.line(ContainerLog.Stream.STDOUT, line);
    }

    void err(String line) {
      console.line(ContainerLog.Stream.STDERR, line);
    }
  }
}
