package io.hubspoke.apiserver.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PersistentMapTest {
  @Test
  void agreesWithATreeMapAndLeavesOlderVersionsAlone() {
    var random = new Random(7);
    var model = new TreeMap<String, Integer>();
    PersistentMap<Integer> map = PersistentMap.empty();
    for (int i = 0; i < 20_000; i++) {
      String key = "k" + random.nextInt(2_000);
      PersistentMap<Integer> before = map;
      Integer old = before.get(key);
      if (random.nextInt(3) == 0) {
        map = map.without(key);
        model.remove(key);
      } else {
        map = map.with(key, i);
        model.put(key, i);
      }
      assertThat(before.get(key)).isEqualTo(old);
      if (i % 500 == 0) {
        String from = "k" + random.nextInt(2_000);
        String end = "k" + random.nextInt(2_000);
        assertThat(map.values()).containsExactlyElementsOf(model.values());
        if (from.compareTo(end) < 0) {
          var range = model.subMap(from, end);
          assertThat(map.range(from, end)).containsExactlyElementsOf(range.values());
          assertThat(map.count(from, end)).isEqualTo(range.size());
        }
      }
      assertThat(map.size()).isEqualTo(model.size());
    }
  }

  @Test
  void staysShallowWhenKeysArriveInOrder() {
    PersistentMap<Integer> map = PersistentMap.empty();
    for (int i = 0; i < 100_000; i++) {
      map = map.with(String.format("%06d", i), i);
    }
    for (int i = 0; i < 99_000; i++) {
      map = map.without(String.format("%06d", i));
    }
    assertThat(map.size()).isEqualTo(1_000);
    assertThat(map.count("099500", "099600")).isEqualTo(100);
  }
}
