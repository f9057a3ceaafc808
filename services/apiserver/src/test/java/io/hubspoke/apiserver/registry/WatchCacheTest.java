package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.resources.ResourceTable;
import io.vertx.core.buffer.Buffer;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class WatchCacheTest {
  private final AtomicLong revision = new AtomicLong();
  private final WatchCache cache = new WatchCache(ResourceTable.CONFIG_MAPS, revision::get);

  @Test
  void whoIsCutOffInAFloodFindsWhereItWas() {
    write(1);
    var slow = watch(1);
    // As many as a controller makes within seconds for a thousand nodes.
    for (int i = 0; i < 50_000; i++) {
      write(300);
    }
    assertThat(slow.state()).isEqualTo(Watcher.State.OVERRUN);

    var resumed = watch(1);
    for (long next = 2; next <= 50_001; next++) {
      var event = (WatchEvent.Changed) resumed.poll();
      assertThat(event.object().revision()).isEqualTo(next);
    }
    assertThat(resumed.poll()).isNull();
    assertThat(resumed.state()).isEqualTo(Watcher.State.OPEN);
  }

  private Watcher watch(long after) {
    return cache.watch(
        Selection.all(ResourceTable.CONFIG_MAPS, ""), new WatchCache.Start.After(after), () -> {});
  }

  private void write(int bytes) {
    var next = revision.incrementAndGet();
    var key = StorageKeys.key(ResourceTable.CONFIG_MAPS.type(), "default", "m");
    var value =
        Buffer.buffer(
            "{\"metadata\":{\"name\":\"m\",\"namespace\":\"default\"},\"data\":{\"a\":\"%s\"}}"
                .formatted("x".repeat(bytes)));
    cache.apply(new Change(next, cache.get(key), cache.object(key, value, next)));
  }
}
