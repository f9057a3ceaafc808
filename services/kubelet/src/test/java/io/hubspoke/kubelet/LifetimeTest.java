package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class LifetimeTest {
  private static final int TRIES = 100;
  private static Vertx vertx;

  private final Lifetime lifetime = new Lifetime(vertx);

  @BeforeAll
  static void begin() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void close() {
    vertx.close().await();
  }

  @Test
  void whatIsToBeDoneAtTheEndIsDoneOnce() {
    var done = new AtomicInteger();
    lifetime.atEnd(done::incrementAndGet);

    lifetime.end();
    lifetime.end();
    lifetime.atEnd(done::incrementAndGet);

    assertThat(done).hasValue(2);
  }

  @Test
  void whatWasGivenUpBeforeIsNotDone() {
    var work = new AtomicInteger();
    lifetime.atEnd(work::incrementAndGet).close();
    lifetime.end();
    assertThat(work).hasValue(0);
  }

  @Test
  void whatWasGivenUpIsNotHeldOnTo() {
    var work = new AtomicInteger();
    var held = new WeakReference<>(work);
    lifetime.atEnd(work::incrementAndGet).close();
    work = null;

    for (var i = 0; i < TRIES && held.get() != null; i++) {
      System.gc();
    }

    assertThat(held.get()).isNull();
    assertThat(lifetime.ended()).isFalse();
  }
}
