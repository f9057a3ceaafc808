package io.hubspoke.kubelet.runtime;

import io.hubspoke.kubelet.logs.ContainerLog;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Container;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Exit;
import io.hubspoke.kubelet.runtime.ContainerRuntime.StartException;
import io.hubspoke.kubelet.runtime.shell.ExecProcess;
import io.hubspoke.kubelet.runtime.shell.UserSpace;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteProcess;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.internal.ContextInternal;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** A running program as a container. What others run in it is made when the first of them comes. */
final class RunningProgram implements Container {
  private final String id;
  private final Instant startedAt = Instant.now();
  private final Program.Surroundings surroundings;
  private final ContextInternal context;
  private final ContainerLog log;
  private final Supplier<UserSpace> newSpace;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final Promise<Exit> exited = Promise.promise();
  private final Promise<Void> gone = Promise.promise();
  private Program program;
  private UserSpace space;

  RunningProgram(
      String id,
      Program.Surroundings surroundings,
      ContainerLog log,
      Supplier<UserSpace> newSpace) {
    this.id = id;
    this.surroundings = surroundings;
    this.context = surroundings.context();
    this.log = log;
    this.newSpace = newSpace;
  }

  /** Begins; called once. */
  RunningProgram start(Program main) {
    program = main;
    context.runOnContext(
        v ->
            Future.<Integer>future(begun -> main.run().onComplete(begun))
                .onSuccess(this::exit)
                .onFailure(this::couldNotBegin)
                .onComplete(ended -> gone.tryComplete()));
    return this;
  }

  private void couldNotBegin(Throwable failure) {
    surroundings.err(String.valueOf(failure.getMessage()));
    exit(Program.SIGNALLED - 1);
  }

  synchronized UserSpace space() {
    if (space == null) {
      space = newSpace.get();
    }
    return space;
  }

  RemoteProcess exec(List<String> command, RemoteCommand streams) {
    try {
      return new ExecProcess(context, space(), command, surroundings.workingDirectory(), streams);
    } catch (StartException e) {
      byte[] execId = new byte[32];
      ThreadLocalRandom.current().nextBytes(execId);
      // As containerd and runc say it; people and tools look for these words.
      throw new StartException(
          "failed to exec in container: failed to start exec \""
              + HexFormat.of().formatHex(execId)
              + "\": OCI runtime exec failed: exec failed: unable to start container process: "
              + e.getMessage()
              + ": unknown");
    }
  }

  RemoteProcess attach(RemoteCommand streams) {
    return surroundings.console().attach(streams);
  }

  @Override
  public String id() {
    return id;
  }

  @Override
  public Instant startedAt() {
    return startedAt;
  }

  @Override
  public Future<Exit> exited() {
    return exited.future();
  }

  /** Completes when nothing is left of it: what it listened on is free again. */
  Future<Void> gone() {
    return gone.future();
  }

  @Override
  public Future<Exit> stop(Duration grace) {
    context.runOnContext(
        v -> {
          if (!grace.isZero()) {
            program.terminate();
          }
          if (exited.future().isComplete()) {
            return;
          }
          long timer =
              context.setTimer(
                  Math.max(1, grace.toMillis()),
                  id -> {
                    program.kill().onComplete(freed -> gone.tryComplete());
                    exit(Program.SIGNALLED + Program.SIGKILL);
                  });
          exited.future().onComplete(done -> context.owner().cancelTimer(timer));
        });
    return exited.future();
  }

  private void exit(int code) {
    if (ended.compareAndSet(false, true)) {
      Exit exit = new Exit(code, Instant.now());
      synchronized (this) {
        if (space != null) {
          space.kill();
        }
      }
      surroundings.console().end();
      // Who hears of the end reads the log to its end, so its last line has to be there.
      log.settled().onComplete(done -> exited.complete(exit));
    }
  }
}
