package io.hubspoke.kubelet.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.hubspoke.kubelet.logs.ContainerLog;
import io.hubspoke.streams.Pipe;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.testing.Await;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsoleTest {
  private static final Vertx VERTX = Vertx.vertx();
  private static final RemoteCommand INPUT = new RemoteCommand(true, false, false, false);
  private static final RemoteCommand OUTPUT = new RemoteCommand(false, true, true, false);

  @TempDir private Path directory;
  private Console console;

  @BeforeEach
  void begin() {
    var file = directory.resolve("0.log");
    var spec = new ContainerBuilder().withName("main").withStdin(true).build();
    console =
        new Console(
            (ContextInternal) VERTX.getOrCreateContext(),
            new ContainerLog(file, 1 << 20),
            new ContainerRuntime.ContainerConfig(
                null, spec, List.of(), List.of(), Map.of(), Map.of(), List.of(), file, 0));
  }

  @AfterAll
  static void close() {
    VERTX.close().await();
  }

  @Test
  void whoeverLeavesIsNotHeldOnTo() throws Exception {
    var left = attachAndLeave();

    Await.until(
        "he is forgotten",
        () -> {
          System.gc();
          return left.get() == null;
        });
  }

  private WeakReference<Object> attachAndLeave() {
    var attached = console.attach(OUTPUT);
    attached.close();
    return new WeakReference<>(attached);
  }

  @Test
  void theEndIsToldToThoseAttachedAndToWhoeverComesAfterIt() throws Exception {
    var before = console.attach(OUTPUT);
    console.end();
    var after = console.attach(OUTPUT);

    assertThat(Await.result(before.exited())).isZero();
    assertThat(Await.result(after.exited())).isZero();
  }

  @Test
  void theContainerGoesOnWhenOneWhoDoesNotReadLeaves() throws Exception {
    var attached = console.attach(OUTPUT);
    var output = console.output(ContainerLog.Stream.STDOUT);
    Await.result(output.sink().write(Buffer.buffer(new byte[Pipe.CAPACITY])));
    var written = output.end();

    attached.close();

    Await.result(written);
  }

  @Test
  void eachOfThoseWhoseInputWaitsForRoomIsToldOfIt() throws Exception {
    var first = console.attach(INPUT).stdin();
    var second = console.attach(INPUT).stdin();
    Await.result(first.write(Buffer.buffer(new byte[Pipe.CAPACITY])));
    assertThat(second.writeQueueFull()).isTrue();
    var toldFirst = Promise.<Void>promise();
    var toldSecond = Promise.<Void>promise();
    first.drainHandler(v -> toldFirst.tryComplete());
    second.drainHandler(v -> toldSecond.tryComplete());

    console.stdin().handler(text -> {}).resume();

    Await.result(toldFirst.future());
    Await.result(toldSecond.future());
  }
}
