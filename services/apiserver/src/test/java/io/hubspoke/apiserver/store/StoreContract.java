package io.hubspoke.apiserver.store;

import static io.hubspoke.apiserver.store.Recorder.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.apiserver.store.Store.CompactedException;
import io.hubspoke.apiserver.store.Store.ConflictException;
import io.hubspoke.apiserver.store.Store.Entry;
import io.hubspoke.apiserver.store.Store.Event;
import io.hubspoke.apiserver.store.Store.FutureRevisionException;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store does; an implementation's test extends this. */
public abstract class StoreContract {
  private static final String PODS = "/registry/core/pods/";
  private static final String A = PODS + "default/a";

  protected Store store;

  /** Makes an empty store that keeps at least 5,000 revisions of history. */
  protected abstract Store open();

  @BeforeEach
  void openStore() {
    store = open();
  }

  @AfterEach
  void closeStore() {
    await(store.close());
  }

  @Test
  void readsBackWhatWasCreated() {
    Entry created = create(A, "one");
    assertThat(await(store.get(A))).isEqualTo(created);
    assertThat(created.value().toString()).isEqualTo("one");
    assertThat(await(store.get(PODS + "default/b"))).isNull();
  }

  @Test
  void neverGivesRevisionZeroToAStateBecauseClientsMeanAnyByIt() {
    assertThat(await(store.currentRevision())).isPositive();
    assertThat(await(store.list(PODS, "", 0, 0)).revision()).isPositive();
  }

  @Test
  void givesEveryChangeTheNextRevision() {
    long before = await(store.currentRevision());
    Entry created = create(A, "1");
    Entry updated = await(store.update(A, value("2"), created.revision()));
    Entry deleted = await(store.delete(A, updated.revision()));
    assertThat(created.revision()).isGreaterThan(before);
    assertThat(updated.revision()).isGreaterThan(created.revision());
    assertThat(deleted.revision()).isGreaterThan(updated.revision());
    assertThat(deleted.value().toString()).isEqualTo("2");
    assertThat(await(store.currentRevision())).isEqualTo(deleted.revision());
  }

  @Test
  void refusesToCreateAKeyTwiceAndShowsWhatIsThere() {
    Entry created = create(A, "1");
    assertThatThrownBy(() -> create(A, "2"))
        .isInstanceOfSatisfying(
            ConflictException.class, e -> assertThat(e.current()).isEqualTo(created));
  }

  @Test
  void refusesAnUpdateFromAnOldRevisionAndLeavesTheValue() {
    Entry created = create(A, "1");
    Entry updated = await(store.update(A, value("2"), created.revision()));
    assertThatThrownBy(() -> await(store.update(A, value("3"), created.revision())))
        .isInstanceOfSatisfying(
            ConflictException.class, e -> assertThat(e.current()).isEqualTo(updated));
    assertThat(await(store.get(A))).isEqualTo(updated);
    assertThat(await(store.currentRevision())).isEqualTo(updated.revision());
  }

  @Test
  void refusesADeletionFromAnOldRevision() {
    Entry created = create(A, "1");
    Entry updated = await(store.update(A, value("2"), created.revision()));
    assertThatThrownBy(() -> await(store.delete(A, created.revision())))
        .isInstanceOf(ConflictException.class);
    assertThat(await(store.get(A))).isEqualTo(updated);
  }

  @Test
  void refusesToChangeWhatIsGone() {
    Entry created = create(A, "1");
    await(store.delete(A, created.revision()));
    assertThatThrownBy(() -> await(store.update(A, value("2"), created.revision())))
        .isInstanceOfSatisfying(ConflictException.class, e -> assertThat(e.current()).isNull());
    assertThatThrownBy(() -> await(store.delete(A, created.revision())))
        .isInstanceOfSatisfying(ConflictException.class, e -> assertThat(e.current()).isNull());
  }

  @Test
  void listsAPrefixInKeyOrderAndNothingBesideIt() {
    create(PODS + "b/x", "");
    create(PODS + "a/z", "");
    create(PODS + "a/y", "");
    create(PODS + "a-b/x", "");
    create("/registry/core/podtemplates/a/x", "");
    create("/registry/core/nodes/a", "");
    assertThat(keys(await(store.list(PODS, "", 0, 0))))
        .containsExactly(PODS + "a-b/x", PODS + "a/y", PODS + "a/z", PODS + "b/x");
    assertThat(keys(await(store.list(PODS + "a/", "", 0, 0))))
        .containsExactly(PODS + "a/y", PODS + "a/z");
    assertThat(await(store.list("/registry/apps/", "", 0, 0)).entries()).isEmpty();
  }

  @Test
  void pagesThroughAListAndCountsWhatRemains() {
    for (int i = 0; i < 10; i++) {
      create(PODS + "default/" + i, "v" + i);
    }
    var first = await(store.list(PODS, "", 4, 0));
    assertThat(keys(first)).hasSize(4);
    assertThat(first.more()).isTrue();
    assertThat(first.remaining()).isEqualTo(6);
    // What happens between pages is not seen by them.
    create(PODS + "default/00", "late");
    Entry nine = await(store.get(PODS + "default/9"));
    await(store.delete(nine.key(), nine.revision()));

    var second = await(store.list(PODS, first.entries().getLast().key(), 4, first.revision()));
    var third = await(store.list(PODS, second.entries().getLast().key(), 4, first.revision()));
    assertThat(third.more()).isFalse();
    assertThat(third.remaining()).isZero();
    List<String> all = new ArrayList<>(keys(first));
    all.addAll(keys(second));
    all.addAll(keys(third));
    assertThat(all).hasSize(10).isSorted().doesNotContain(PODS + "default/00");
  }

  @Test
  void listsTheStateAtEveryKeptRevision() {
    long empty = await(store.currentRevision());
    Entry one = create(A, "1");
    Entry two = await(store.update(A, value("2"), one.revision()));
    Entry gone = await(store.delete(A, two.revision()));
    assertThat(await(store.list(PODS, "", 0, empty)).entries()).isEmpty();
    assertThat(await(store.list(PODS, "", 0, one.revision())).entries()).containsExactly(one);
    assertThat(await(store.list(PODS, "", 0, two.revision())).entries()).containsExactly(two);
    assertThat(await(store.list(PODS, "", 0, gone.revision())).entries()).isEmpty();
    assertThat(await(store.list(PODS, "", 0, two.revision())).revision()).isEqualTo(two.revision());
  }

  @Test
  void refusesAListAtARevisionYetToCome() {
    long current = await(store.currentRevision());
    assertThatThrownBy(() -> await(store.list(PODS, "", 0, current + 1)))
        .isInstanceOfSatisfying(
            FutureRevisionException.class, e -> assertThat(e.current()).isEqualTo(current));
  }

  @Test
  void forgetsWhatIsBelowACompaction() {
    Entry one = create(A, "1");
    Entry two = await(store.update(A, value("2"), one.revision()));
    Entry three = await(store.update(A, value("3"), two.revision()));
    await(store.compact(two.revision()));
    assertThatThrownBy(() -> await(store.list(PODS, "", 0, one.revision())))
        .isInstanceOfSatisfying(
            CompactedException.class, e -> assertThat(e.oldest()).isEqualTo(two.revision()));
    assertThat(await(store.list(PODS, "", 0, two.revision())).entries()).containsExactly(two);

    var late = new Recorder();
    store.watch(PODS, one.revision(), late);
    assertThat(late.awaitEnd()).isInstanceOf(CompactedException.class);
    assertThat(late.events()).isEmpty();
    var inTime = new Recorder();
    store.watch(PODS, two.revision(), inTime);
    assertThat(inTime.awaitEvents(1)).extracting(Event::entry).containsExactly(three);
  }

  @Test
  void compactsTwiceWithoutComplaintButNotTheFuture() {
    Entry one = create(A, "1");
    await(store.compact(one.revision()));
    await(store.compact(one.revision()));
    await(store.compact(1));
    assertThatThrownBy(() -> await(store.compact(one.revision() + 1)))
        .isInstanceOf(FutureRevisionException.class);
    assertThat(await(store.get(A))).isEqualTo(one);
  }

  @Test
  void watchesFromNowOn() {
    create(A, "1");
    var recorder = new Recorder();
    store.watch(PODS, 0, recorder);
    Entry b = create(PODS + "default/b", "1");
    assertThat(recorder.awaitEvents(1)).extracting(Event::entry).containsExactly(b);
  }

  @Test
  void watchesFromARevisionAndTellsCreationChangeAndDeletionApart() {
    long before = await(store.currentRevision());
    Entry one = create(A, "1");
    Entry two = await(store.update(A, value("2"), one.revision()));
    var recorder = new Recorder();
    store.watch(PODS, before, recorder);
    Entry gone = await(store.delete(A, two.revision()));
    assertThat(recorder.awaitEvents(3))
        .containsExactly(
            new Event(Event.Type.CREATED, one, null),
            new Event(Event.Type.UPDATED, two, one),
            new Event(Event.Type.DELETED, gone, two));
  }

  @Test
  void keepsEventsOfOtherPrefixesFromAWatchYetReportsItsProgress() {
    var recorder = new Recorder();
    store.watch(PODS, 0, recorder);
    Entry other = create("/registry/core/nodes/n", "1");
    recorder.awaitProgress(other.revision());
    assertThat(recorder.events()).isEmpty();
  }

  @Test
  void reportsProgressOnlyAfterTheEventsItCovers() {
    List<Long> order = new ArrayList<>();
    var recorder = new Recorder();
    long before = await(store.currentRevision());
    long last = 0;
    for (int i = 0; i < 600; i++) {
      last = create(PODS + "default/" + i, "").revision();
    }
    store.watch(
        PODS,
        before,
        new Store.Listener() {
          @Override
          public void event(Event event) {
            order.add(event.entry().revision());
          }

          @Override
          public void progress(long revision) {
            order.add(-revision);
            recorder.progress(revision);
          }

          @Override
          public void ended(Throwable cause) {
            recorder.ended(cause);
          }
        });
    recorder.awaitProgress(last);
    long seen = before;
    for (long step : List.copyOf(order)) {
      if (step > 0) {
        assertThat(step).isGreaterThan(seen);
        seen = step;
      } else {
        assertThat(-step).isGreaterThanOrEqualTo(seen);
      }
    }
    assertThat(order.stream().filter(s -> s > 0)).hasSize(600);
  }

  @Test
  void tellsAClosedWatchNothingMore() {
    var closed = new Recorder();
    var open = new Recorder();
    var watch = store.watch(PODS, 0, closed);
    store.watch(PODS, 0, open);
    create(A, "1");
    closed.awaitEvents(1);
    watch.close();
    create(PODS + "default/b", "1");
    open.awaitEvents(2);
    assertThat(closed.events()).hasSize(1);
  }

  @Test
  void endsWatchesWhenItCloses() {
    var recorder = new Recorder();
    store.watch(PODS, 0, recorder);
    await(store.close());
    assertThat(recorder.awaitEnd()).isInstanceOf(Store.ClosedException.class);
    assertThatThrownBy(() -> create(A, "1")).isInstanceOf(Store.ClosedException.class);
    assertThatThrownBy(() -> await(store.get(A))).isInstanceOf(Store.ClosedException.class);
  }

  @Test
  void letsExactlyOneOfManyWritersWinEachRevision() throws Exception {
    int writers = 8;
    int increments = 50;
    create(A, "0");
    inParallel(
        writers,
        () -> {
          for (int done = 0; done < increments; ) {
            Entry current = await(store.get(A));
            int next = Integer.parseInt(current.value().toString()) + 1;
            try {
              await(store.update(A, value(Integer.toString(next)), current.revision()));
              done++;
            } catch (ConflictException e) {
              assertThat(e.current().revision()).isGreaterThan(current.revision());
            }
          }
          return null;
        });
    assertThat(await(store.get(A)).value().toString())
        .isEqualTo(Integer.toString(writers * increments));
  }

  @Test
  void passesEveryChangeOfManyWritersToEveryWatchOnceAndInOrder() throws Exception {
    int writers = 6;
    int each = 200;
    long before = await(store.currentRevision());
    var early = new Recorder();
    store.watch(PODS, before, early);
    List<Entry> written = new ArrayList<>();
    for (var entries :
        inParallel(
            writers,
            () -> {
              List<Entry> mine = new ArrayList<>();
              String name = PODS + "ns/" + Thread.currentThread().threadId() + "-";
              for (int i = 0; i < each; i++) {
                mine.add(create(name + i, "v"));
              }
              return mine;
            })) {
      written.addAll(entries);
    }
    written.sort(java.util.Comparator.comparingLong(Entry::revision));
    var late = new Recorder();
    store.watch(PODS, before, late);
    assertThat(early.awaitEvents(writers * each)).extracting(Event::entry).isEqualTo(written);
    assertThat(late.awaitEvents(writers * each)).extracting(Event::entry).isEqualTo(written);
  }

  @Test
  void missesAndRepeatsNothingWhenAWatchIsResumedAgainAndAgain() throws Exception {
    int changes = 1_000;
    long before = await(store.currentRevision());
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> writer =
          executor.submit(
              () -> {
                Entry entry = create(A, "0");
                for (int i = 1; i < changes; i++) {
                  entry = await(store.update(A, value(Integer.toString(i)), entry.revision()));
                }
              });
      List<String> seen = new ArrayList<>();
      long position = before;
      while (seen.size() < changes) {
        var recorder = new Recorder();
        var watch = store.watch(PODS, position, recorder);
        recorder.awaitEvents(1);
        watch.close();
        for (Event event : recorder.events()) {
          assertThat(event.entry().revision()).isGreaterThan(position);
          position = event.entry().revision();
          seen.add(event.entry().value().toString());
        }
      }
      writer.get();
      List<String> expected = new ArrayList<>();
      for (int i = 0; i < changes; i++) {
        expected.add(Integer.toString(i));
      }
      assertThat(seen).isEqualTo(expected);
    }
  }

  @Test
  void behavesAsASimpleModelUnderRandomOperations() {
    for (long seed = 1; seed <= 5; seed++) {
      runAgainstModel(new Random(seed), "r" + seed);
    }
  }

  /** Compares with a map copied at every revision. */
  private void runAgainstModel(Random random, String namespace) {
    String prefix = PODS + namespace + "/";
    NavigableMap<String, Entry> model = new TreeMap<>();
    Map<Long, NavigableMap<String, Entry>> states = new HashMap<>();
    List<Event> events = new ArrayList<>();
    long start = await(store.currentRevision());
    states.put(start, new TreeMap<>());
    for (int step = 0; step < 800; step++) {
      String key = prefix + random.nextInt(40);
      Entry current = model.get(key);
      boolean stale = random.nextInt(8) == 0;
      Buffer value = value("v" + step);
      try {
        Event event;
        if (current == null) {
          Entry made =
              stale
                  ? await(store.update(key, value, start + 1 + random.nextInt(50)))
                  : await(store.create(key, value));
          event = new Event(Event.Type.CREATED, made, null);
          model.put(key, made);
        } else if (random.nextInt(3) == 0) {
          Entry gone = await(store.delete(key, current.revision() - (stale ? 1 : 0)));
          event = new Event(Event.Type.DELETED, gone, current);
          model.remove(key);
        } else {
          Entry made = await(store.update(key, value, current.revision() - (stale ? 1 : 0)));
          event = new Event(Event.Type.UPDATED, made, current);
          model.put(key, made);
        }
        assertThat(stale).as("a stale write was accepted: %s", event).isFalse();
        events.add(event);
        states.put(event.entry().revision(), new TreeMap<>(model));
      } catch (ConflictException e) {
        assertThat(stale).as("a good write was refused").isTrue();
        assertThat(e.current()).isEqualTo(current);
      }
    }
    states.forEach(
        (revision, state) -> {
          int limit = random.nextInt(50);
          String after = random.nextBoolean() ? "" : prefix + random.nextInt(40);
          List<Entry> expected = List.copyOf(state.tailMap(after, false).values());
          var page = await(store.list(prefix, after, limit, revision));
          int size = limit == 0 ? expected.size() : Math.min(limit, expected.size());
          assertThat(page.entries()).isEqualTo(expected.subList(0, size));
          assertThat(page.remaining()).isEqualTo(expected.size() - size);
          assertThat(page.more()).isEqualTo(expected.size() > size);
        });
    long from = List.copyOf(states.keySet()).get(random.nextInt(states.size()));
    List<Event> rest = events.stream().filter(e -> e.entry().revision() > from).toList();
    var recorder = new Recorder();
    store.watch(prefix, from, recorder);
    recorder.awaitProgress(await(store.currentRevision()));
    assertThat(recorder.events()).isEqualTo(rest);
  }

  protected Entry create(String key, String value) {
    return await(store.create(key, value(value)));
  }

  protected static Buffer value(String text) {
    return Buffer.buffer(text);
  }

  private static List<String> keys(Store.Page page) {
    return page.entries().stream().map(Entry::key).toList();
  }

  private static <T> List<T> inParallel(int threads, Callable<T> task)
      throws InterruptedException, ExecutionException {
    try (var executor = Executors.newFixedThreadPool(threads)) {
      List<Future<T>> futures = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        futures.add(executor.submit(task));
      }
      List<T> results = new ArrayList<>();
      for (var future : futures) {
        results.add(future.get());
      }
      return results;
    }
  }
}
