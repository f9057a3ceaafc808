package io.hubspoke.apiserver.store;

import static io.hubspoke.apiserver.store.Recorder.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.apiserver.store.History.Retention;
import io.hubspoke.apiserver.store.Store.CompactedException;
import io.hubspoke.apiserver.store.Store.Entry;
import io.hubspoke.apiserver.store.Store.Event;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MemoryStoreTest extends StoreContract {
  private static final String KEY = "/registry/core/pods/default/a";

  @Override
  protected Store open() {
    return new MemoryStore();
  }

  @Test
  void keepsNoMoreRevisionsThanItIsTold() {
    var bounded = store(new Retention(10, 1 << 20, Duration.ofHours(1)), new AtomicLong());
    Entry first = await(bounded.create(KEY, value("0")));
    Entry last = overwrite(bounded, first, 20);
    long oldest = last.revision() - 9;
    assertThat(await(bounded.list("/", "", 0, oldest)).revision()).isEqualTo(oldest);
    assertThatThrownBy(() -> await(bounded.list("/", "", 0, oldest - 1)))
        .isInstanceOf(CompactedException.class);
  }

  @Test
  void keepsNoMoreBytesThanItIsTold() {
    var bounded = store(new Retention(1_000, 100_000, Duration.ofHours(1)), new AtomicLong());
    Entry first = await(bounded.create(KEY, value("0")));
    Entry last = first;
    for (int i = 0; i < 20; i++) {
      last = await(bounded.update(KEY, value("x".repeat(20_000)), last.revision()));
    }
    assertThatThrownBy(() -> await(bounded.list("/", "", 0, first.revision())))
        .isInstanceOf(CompactedException.class);
    assertThat(await(bounded.list("/", "", 0, last.revision() - 1)).entries()).hasSize(1);
  }

  @Test
  void forgetsOldRevisionsByAge() {
    var now = new AtomicLong();
    var bounded = store(new Retention(1_000, 1 << 20, Duration.ofMinutes(5)), now);
    Entry first = await(bounded.create(KEY, value("0")));
    Entry second = overwrite(bounded, first, 1);
    now.addAndGet(Duration.ofMinutes(4).toMillis());
    Entry third = overwrite(bounded, second, 1);
    assertThat(await(bounded.list("/", "", 0, first.revision())).entries()).containsExactly(first);
    now.addAndGet(Duration.ofMinutes(2).toMillis());
    overwrite(bounded, third, 1);
    assertThatThrownBy(() -> await(bounded.list("/", "", 0, first.revision())))
        .isInstanceOf(CompactedException.class);
    // The state that stood until four minutes ago is still reachable.
    assertThat(await(bounded.list("/", "", 0, second.revision())).entries())
        .containsExactly(second);
  }

  @Test
  void endsAListenerThatFallsBehindAndHoldsUpNobodyElse() throws Exception {
    var bounded = store(new Retention(50, 1 << 20, Duration.ofHours(1)), new AtomicLong());
    var stuck = new CountDownLatch(1);
    var slow = new Recorder();
    bounded.watch(
        "/",
        0,
        new Store.Listener() {
          @Override
          public void event(Event event) {
            try {
              stuck.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            slow.event(event);
          }

          @Override
          public void ended(Throwable cause) {
            slow.ended(cause);
          }
        });
    var quick = new Recorder();
    bounded.watch("/", 0, quick);
    Entry last = await(bounded.create(KEY, value("0")));
    for (int i = 0; i < 1_000; i++) {
      last = overwrite(bounded, last, 1);
      if (i % 20 == 0) {
        quick.awaitProgress(last.revision());
      }
    }
    quick.awaitEvents(1_001);
    stuck.countDown();
    assertThat(slow.awaitEnd()).isInstanceOf(CompactedException.class);
    assertThat(slow.events()).hasSizeLessThanOrEqualTo(50);
  }

  @Test
  void endsAWatchWhoseListenerFails() {
    var recorder = new Recorder();
    store.watch(
        "/",
        0,
        new Store.Listener() {
          @Override
          public void event(Event event) {
            throw new IllegalStateException("broken listener");
          }

          @Override
          public void ended(Throwable cause) {
            recorder.ended(cause);
          }
        });
    create(KEY, "1");
    assertThat(recorder.awaitEnd()).hasMessage("broken listener");
    create(KEY + "2", "1");
  }

  private static MemoryStore store(Retention retention, AtomicLong now) {
    InstantSource clock = () -> Instant.ofEpochMilli(now.get());
    return new MemoryStore(retention, clock);
  }

  private static Entry overwrite(Store store, Entry entry, int times) {
    Entry last = entry;
    for (int i = 0; i < times; i++) {
      last = await(store.update(entry.key(), value("v" + i), last.revision()));
    }
    return last;
  }
}
