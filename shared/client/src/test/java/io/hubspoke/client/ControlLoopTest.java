package io.hubspoke.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.testing.Await;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.ThreadingModel;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ControlLoopTest {
  private final Vertx vertx = Vertx.vertx();
  private final Context context =
      ((VertxInternal) vertx)
          .contextBuilder()
          .withThreadingModel(ThreadingModel.VIRTUAL_THREAD)
          .build();

  @AfterEach
  void close() throws Exception {
    Await.result(vertx.close());
  }

  @Test
  void worksOnAKeyOnceMoreWhenItIsAddedWhileItIsWorkedOn() throws Exception {
    Promise<Void> gate = Promise.promise();
    var runs = new AtomicInteger();
    var concurrent = new AtomicInteger();
    var most = new AtomicInteger();
    var loop =
        new ControlLoop<String>(
            "test",
            context,
            4,
            key -> {
              most.accumulateAndGet(concurrent.incrementAndGet(), Math::max);
              runs.incrementAndGet();
              gate.future().await();
              concurrent.decrementAndGet();
              return Duration.ZERO;
            });
    loop.add("a");
    Await.until("the first run begins", () -> runs.get() == 1);
    loop.add("a");
    loop.add("a");
    gate.complete();

    Await.until("the second run begins", () -> runs.get() == 2);
    Await.result(loop.stop());
    assertThat(runs).hasValue(2);
    assertThat(most).hasValue(1);
  }

  @Test
  void worksOnOtherKeysWhileOneWaits() throws Exception {
    Promise<Void> never = Promise.promise();
    List<String> done = new CopyOnWriteArrayList<>();
    var loop =
        new ControlLoop<String>(
            "test",
            context,
            2,
            key -> {
              if (key.equals("stuck")) {
                never.future().await();
              }
              done.add(key);
              return Duration.ZERO;
            });
    loop.add("stuck");
    loop.add("a");
    loop.add("b");

    Await.until("the others are done", () -> done.size() == 2);
    Future<Void> stopped = loop.stop();
    assertThat(stopped.isComplete()).isFalse();
    never.complete();
    Await.result(stopped);
  }

  @Test
  void comesBackToAKeyThatFailed() throws Exception {
    var runs = new AtomicInteger();
    var loop =
        new ControlLoop<String>(
            "test",
            context,
            1,
            key -> {
              if (runs.incrementAndGet() < 3) {
                throw new java.io.IOException("not yet");
              }
              return Duration.ZERO;
            });
    loop.add("a");

    Await.until("the third attempt succeeds", () -> runs.get() == 3);
    Await.result(loop.stop());
  }

  @Test
  void losesNeitherTheKeyNorItsOnlyWorkerToAnError() throws Exception {
    List<String> runs = new CopyOnWriteArrayList<>();
    var loop =
        new ControlLoop<String>(
            "test",
            context,
            1,
            key -> {
              runs.add(key);
              if (runs.size() == 1) {
                throw new StackOverflowError("not yet");
              }
              return runs.size() == 2 ? null : Duration.ZERO;
            });
    loop.add("a");
    Await.until("it came back after an error and after a null", () -> runs.size() == 3);
    loop.add("b");

    Await.until("the worker is there", () -> runs.contains("b"));
    Await.result(loop.stop());
    assertThat(runs).containsExactly("a", "a", "a", "b");
  }

  @Test
  void comesBackWhenTheReconcilerAsksForIt() throws Exception {
    var runs = new AtomicInteger();
    var loop =
        new ControlLoop<String>(
            "test",
            context,
            1,
            key -> runs.incrementAndGet() < 3 ? Duration.ofMillis(1) : Duration.ZERO);
    loop.add("a");

    Await.until("it came back twice", () -> runs.get() == 3);
    Await.result(loop.stop());
  }

  @Test
  void comesBackOnceHoweverOftenLaterWorkWasAskedFor() throws Exception {
    List<String> runs = new CopyOnWriteArrayList<>();
    var loop =
        new ControlLoop<String>(
            "test",
            context,
            1,
            key -> {
              runs.add(key);
              return Duration.ZERO;
            });
    for (int i = 0; i < 5; i++) {
      loop.addAfter("a", Duration.ofMillis(50 - i));
    }
    loop.addAfter("last", Duration.ofMillis(100));

    Await.until("the last ran", () -> runs.contains("last"));
    assertThat(runs).containsExactly("a", "last");
  }

  @Test
  void refusesToRunWhereWaitingWouldBlockAnEventLoop() {
    var loop = vertx.getOrCreateContext();

    assertThatThrownBy(() -> new ControlLoop<String>("test", loop, 1, key -> Duration.ZERO))
        .hasMessageContaining("virtual threads");
  }
}
