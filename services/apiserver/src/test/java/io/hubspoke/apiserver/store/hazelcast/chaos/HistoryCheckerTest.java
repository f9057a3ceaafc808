package io.hubspoke.apiserver.store.hazelcast.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Event;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Kind;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Operation;
import io.hubspoke.apiserver.store.hazelcast.chaos.Recording.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;

class HistoryCheckerTest {
  private static final Event MADE = new Event(10, "ADDED", "k", "a");
  private static final Event CHANGED = new Event(12, "MODIFIED", "k", "b");

  private final Recording recording = new Recording();

  @Test
  void findsNothingWrongWithAGoodHistory() {
    watched(MADE, CHANGED, new Event(13, "DELETED", "k", "b"));
    write(Kind.CREATE, 0, "a", 1, 2, Outcome.DONE, 10);
    write(Kind.UPDATE, 10, "b", 3, 6, Outcome.DONE, 12);
    write(Kind.UPDATE, 10, "x", 7, 8, Outcome.CONFLICT, 0);
    read(4, 5, Outcome.DONE, 10);
    read(4, 5, Outcome.DONE, 12);
    write(Kind.DELETE, 12, "", 9, 10, Outcome.DONE, 0);
    read(11, 12, Outcome.ABSENT, 0);
    write(Kind.CREATE, 0, "y", 13, 14, Outcome.REFUSED, 0);
    write(Kind.CREATE, 0, "z", 13, 14, Outcome.UNKNOWN, 0);
    assertThat(HistoryChecker.check(recording)).isEmpty();
  }

  @Test
  void findsAnAcknowledgedChangeThatIsGone() {
    watched(MADE);
    write(Kind.CREATE, 0, "a", 1, 2, Outcome.DONE, 10);
    write(Kind.UPDATE, 10, "b", 3, 4, Outcome.DONE, 12);
    assertThat(HistoryChecker.check(recording)).singleElement().asString().startsWith("lost");
  }

  @Test
  void findsADeletionThatDidNotHappen() {
    watched(MADE);
    write(Kind.DELETE, 10, "", 3, 4, Outcome.DONE, 0);
    assertThat(HistoryChecker.check(recording)).singleElement().asString().startsWith("lost");
  }

  @Test
  void findsAChangeAppliedTwice() {
    watched(MADE, new Event(11, "MODIFIED", "k", "a"));
    assertThat(HistoryChecker.check(recording)).singleElement().asString().contains("twice");
  }

  @Test
  void findsAChangeThatWasRefusedAndMade() {
    watched(MADE);
    write(Kind.CREATE, 0, "a", 1, 2, Outcome.REFUSED, 0);
    assertThat(HistoryChecker.check(recording)).singleElement().asString().contains("was applied");
  }

  @Test
  void findsAnEventThatOneWatchMissed() {
    watched(MADE, CHANGED);
    watched(MADE);
    assertThat(HistoryChecker.check(recording)).singleElement().asString().contains("missed 1");
  }

  @Test
  void findsWatchesThatDisagreeOrGoBack() {
    watched(MADE, CHANGED);
    watched(MADE, new Event(12, "MODIFIED", "k", "c"));
    assertThat(HistoryChecker.check(recording)).anyMatch(fault -> fault.contains("two watches"));
    var back = new Recording();
    back.watch().addAll(List.of(CHANGED, MADE));
    assertThat(HistoryChecker.check(back)).anyMatch(fault -> fault.contains("after revision"));
  }

  @Test
  void findsAReadOfWhatWasOver() {
    watched(MADE, CHANGED);
    write(Kind.UPDATE, 10, "b", 3, 4, Outcome.DONE, 12);
    read(5, 6, Outcome.DONE, 10);
    assertThat(HistoryChecker.check(recording)).singleElement().asString().contains("was over");
  }

  @Test
  void findsReadsThatGoBack() {
    watched(MADE, CHANGED);
    read(1, 2, Outcome.DONE, 12);
    read(3, 4, Outcome.DONE, 10);
    assertThat(HistoryChecker.check(recording)).hasSize(1);
  }

  @Test
  void findsAReadOfWhatNeverWas() {
    watched(MADE);
    read(1, 2, Outcome.DONE, 11);
    assertThat(HistoryChecker.check(recording)).hasSize(1);
  }

  @Test
  void findsAChangeThatTookEffectBeforeAnEarlierOne() {
    watched(MADE, CHANGED, new Event(14, "ADDED", "other", "c"));
    recording.add(new Operation("r", Kind.CREATE, "other", 0, "c", 1, 2, Outcome.DONE, 14));
    write(Kind.UPDATE, 10, "b", 3, 4, Outcome.DONE, 12);
    assertThat(HistoryChecker.check(recording)).singleElement().asString().contains("had been");
  }

  private void watched(Event... events) {
    recording.watch().addAll(List.of(events));
  }

  private void write(
      Kind kind,
      long expected,
      String value,
      long invoked,
      long returned,
      Outcome outcome,
      long revision) {
    recording.add(
        new Operation("r", kind, "k", expected, value, invoked, returned, outcome, revision));
  }

  private void read(long invoked, long returned, Outcome outcome, long revision) {
    write(Kind.READ, 0, "", invoked, returned, outcome, revision);
  }
}
