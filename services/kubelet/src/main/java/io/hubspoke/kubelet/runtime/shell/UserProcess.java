package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import io.hubspoke.kubelet.runtime.shell.Command.Invocation;
import io.hubspoke.kubelet.runtime.shell.Command.Streams;
import io.hubspoke.streams.TerminalSize;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.streams.ReadStream;
import io.vertx.core.streams.WriteStream;
import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A command that runs in a container. */
public final class UserProcess {
  /** Asks to end. */
  public static final int SIGTERM = Job.SIGTERM;

  /** Ends at once. */
  public static final int SIGKILL = Job.SIGKILL;

  private static final Logger LOG = LoggerFactory.getLogger(UserProcess.class);

  private final Job job;
  private final Promise<Integer> exited = Promise.promise();
  private final Terminal terminal;

  /**
   * Where its streams lead; those that are null are empty, or go nowhere.
   *
   * @param tty whether a terminal is between, whose output has the errors too
   */
  public record Stdio(
      ReadStream<Buffer> in, WriteStream<Buffer> out, WriteStream<Buffer> err, boolean tty) {}

  private UserProcess(UserSpace space, List<String> command, String directory, Stdio stdio) {
    job = space.newJob();
    Command program = Commands.find(command.getFirst());
    Streams streams;
    if (stdio.tty() && stdio.out() != null) {
      terminal = new Terminal(stdio.in(), stdio.out(), () -> job.signal(Job.SIGINT));
      streams = new Streams(terminal.input(), terminal, terminal);
    } else {
      terminal = null;
      streams =
          new Streams(
              stdio.in() == null ? Input.empty() : Input.of(stdio.in()),
              output(stdio.out()),
              output(stdio.err()));
    }
    Environment environment = new Environment(space, job, terminal, space.environment());
    if (terminal != null) {
      environment.preset("TERM", "xterm");
    }
    environment.enter(space.files().exists(directory) ? directory : "/");
    UserSpace.Running process = space.add(command, job);
    environment.setProcessId(process.id());
    try {
      var _ =
          job.start(
              () -> {
                int code = run(program, new Invocation(command, streams, environment));
                space.remove(process);
                // Its children have nobody to write to any more.
                job.signal(job.signal() == 0 ? Job.SIGHUP : job.signal());
                streams.in().close();
                exited.complete(code);
              });
    } catch (IOException full) {
      space.remove(process);
      throw new StartException("exec: " + full.getMessage());
    }
  }

  private static Output output(WriteStream<Buffer> stream) {
    return stream == null ? data -> {} : new StreamOutput(stream);
  }

  /**
   * Starts a command.
   *
   * @throws StartException when there is none of its name, in runc's words
   */
  public static UserProcess start(
      UserSpace space, List<String> command, String directory, Stdio stdio) {
    check(space, command);
    return new UserProcess(space, command, directory, stdio);
  }

  /** Throws what {@link #start} would for a command that there isn't. */
  public static void check(UserSpace space, List<String> command) {
    if (command.isEmpty() || command.getFirst().isEmpty()) {
      throw new StartException("exec: no command");
    }
    String name = command.getFirst();
    if (Commands.find(name) == null) {
      throw new StartException(
          "exec: \""
              + name
              + "\": "
              + (!name.contains("/")
                  ? "executable file not found in $PATH"
                  : space.files().exists(ContainerFiles.absolute("/", name))
                      ? "permission denied"
                      : "stat " + name + ": no such file or directory"));
    }
  }

  private int run(Command program, Invocation call) {
    try {
      return program.run(call);
    } catch (InterruptedException e) {
      return job.exitCode();
    } catch (Interpreter.ExitRequest exit) {
      return exit.code();
    } catch (Output.BrokenPipe e) {
      return Interpreter.SIGPIPE;
    } catch (IOException e) {
      return failed(call, e.getMessage());
    } catch (RuntimeException e) {
      LOG.warn("A command in a container broke: {}", call.name(), e);
      return failed(call, "internal error");
    } catch (StackOverflowError e) {
      return failed(call, Environment.TOO_DEEP);
    }
  }

  private static int failed(Invocation call, String message) {
    try {
      return call.fail(1, message);
    } catch (IOException e) {
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    }
  }

  /** Completes with the exit code; what it wrote is in its streams then. */
  public Future<Integer> exited() {
    return exited.future();
  }

  public void signal(int number) {
    job.signal(number);
  }

  public void resize(TerminalSize size) {
    if (terminal != null) {
      terminal.resize(size);
    }
  }
}
