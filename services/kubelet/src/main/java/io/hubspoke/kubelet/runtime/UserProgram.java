package io.hubspoke.kubelet.runtime;

import io.hubspoke.kubelet.logs.ContainerLog;
import io.hubspoke.kubelet.runtime.shell.UserProcess;
import io.hubspoke.kubelet.runtime.shell.UserSpace;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.List;

/**
 * A command of the shell's as a container's own process: what a pod's command names, or image
 * {@code hubspoke/shell}, which is a shell on the container's input and without one waits to be
 * told to end.
 */
final class UserProgram implements Program {
  private final Surroundings surroundings;
  private final UserSpace space;
  private final List<String> command;
  private final Promise<Integer> exit = Promise.promise();
  private UserProcess process;

  /**
   * @param command empty for a shell
   */
  UserProgram(Surroundings surroundings, UserSpace space, List<String> command) {
    this.surroundings = surroundings;
    this.space = space;
    this.command = command;
  }

  @Override
  public Future<Integer> run() {
    Console console = surroundings.console();
    if (command.isEmpty() && console.stdin() == null) {
      return exit.future();
    }
    boolean tty = Boolean.TRUE.equals(surroundings.config().spec().getTty());
    Console.Output out = console.output(ContainerLog.Stream.STDOUT);
    Console.Output err = console.output(ContainerLog.Stream.STDERR);
    process =
        UserProcess.start(
            space,
            command.isEmpty() ? List.of("sh") : command,
            surroundings.workingDirectory(),
            new UserProcess.Stdio(console.stdin(), out.sink(), err.sink(), tty));
    console.resizeHandler(process::resize);
    process.exited().compose(code -> Future.join(out.end(), err.end()).map(code)).onComplete(exit);
    return exit.future();
  }

  @Override
  public void terminate() {
    if (process == null) {
      exit.tryComplete(SIGNALLED + SIGTERM);
    } else {
      process.signal(UserProcess.SIGTERM);
    }
  }

  @Override
  public Future<Void> kill() {
    if (process != null) {
      process.signal(UserProcess.SIGKILL);
    }
    return Future.succeededFuture();
  }
}
