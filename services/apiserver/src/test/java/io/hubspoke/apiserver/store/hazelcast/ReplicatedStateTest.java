package io.hubspoke.apiserver.store.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.hazelcast.internal.serialization.InternalSerializationService;
import com.hazelcast.internal.serialization.impl.DefaultSerializationServiceBuilder;
import io.hubspoke.apiserver.store.History;
import io.hubspoke.apiserver.store.History.Snapshot;
import io.hubspoke.apiserver.store.PersistentMap;
import io.hubspoke.apiserver.store.hazelcast.Operation.Change;
import io.hubspoke.apiserver.store.hazelcast.ReplicatedState.Decision;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ReplicatedStateTest {
  private static final UUID OWNER = new UUID(1, 1);
  private static final UUID NEXT_OWNER = new UUID(2, 2);
  private static final long LANE = 7;

  private final ReplicatedState owner = state();
  private final ReplicatedState backup = state();

  @Test
  void appliesAnOperationThatIsSentAgainOnceAndAnswersTheSame() {
    Decision first = decide(owner, 1, create(1, "a"));
    Decision again = decide(owner, 1, create(1, "a"));
    assertThat(again.answers()).isEqualTo(first.answers()).first().isInstanceOf(Answer.Done.class);
    assertThat(owner.revision()).isEqualTo(11);
    assertThat(again.replication().lineage().isEmpty()).isTrue();
  }

  @Test
  void answersADeletionThatIsSentAgainWithWhatWasDeleted() {
    decide(owner, 1, create(1, "a"));
    Decision first = decide(owner, 2, new Change(2, "a", 11, null));
    assertThat(decide(owner, 2, new Change(2, "a", 11, null)).answers())
        .isEqualTo(first.answers())
        .containsExactly(new Answer.Done(12, Buffer.buffer("v")));
  }

  @Test
  void doesNotApplyWhatItsLaneNoLongerWaitsFor() {
    decide(owner, 5, create(5, "a"));
    assertThat(decide(owner, 5, create(3, "late")).answers())
        .containsExactly(new Answer.Forgotten());
    assertThat(owner.revision()).isEqualTo(11);
  }

  @Test
  void remembersAtABackupWhatWasAppliedSoThatANewOwnerAppliesItOnce() {
    backup.follow(decide(owner, 1, create(1, "a")).replication());
    Decision again = backup.decide(batch(1, create(1, "a")), NEXT_OWNER, 0);
    assertThat(again.answers()).containsExactly(new Answer.Done(11, null));
    assertThat(backup.revision()).isEqualTo(11);
  }

  @Test
  void followsNoOwnerWhoseHistoryIsAnother() {
    ReplicatedState stray = state();
    decide(stray, 1, create(9, "stray"));
    decide(owner, 1, create(1, "a"));
    var second = decide(owner, 1, create(2, "b")).replication();
    assertThatThrownBy(() -> stray.follow(second)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> backup.follow(second)).isInstanceOf(IllegalStateException.class);
    assertThat(backup.revision()).isEqualTo(10);
  }

  @Test
  void confirmsAQuestionOnlyExactlyWhereTheOwnerIs() {
    var question = decide(owner, 1, new Operation.Read(1)).replication();
    backup.follow(question);
    backup.follow(decide(owner, 1, create(2, "a")).replication());
    // An owner that was left behind must not learn from a copy that has gone on that it is current.
    assertThatThrownBy(() -> backup.follow(question)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void acceptsWhatACopyOfTheOwnerHoldsAlready() {
    decide(owner, 1, create(1, "a"));
    var underWay = decide(owner, 1, create(2, "b")).replication();
    ReplicatedState copy = copy(owner);
    copy.follow(underWay);
    assertThat(copy.revision()).isEqualTo(12);
  }

  @Test
  void isTheSameAfterItWasWrittenAndRead() {
    for (int i = 1; i < 200; i++) {
      decide(owner, i, create(i, "k" + i));
    }
    decide(owner, 200, new Change(200, "k7", 17, null));
    ReplicatedState copy = copy(owner);
    Snapshot expected = owner.read(History::newest);
    Snapshot read = copy.read(History::newest);
    assertThat(read.revision()).isEqualTo(expected.revision());
    assertThat(read.entries().values()).containsExactlyElementsOf(expected.entries().values());
    assertThat(copy.<Object>read(history -> history.after(20, 1_000)))
        .isEqualTo(owner.<Object>read(history -> history.after(20, 1_000)));
    assertThat(copy.read(history -> history.at(50)).entries().size()).isEqualTo(40);
    // It goes on from the same place, and remembers what was sent.
    var next = decide(owner, 200, create(201, "next")).replication();
    copy.follow(next);
    assertThat(copy.decide(batch(200, create(201, "next")), NEXT_OWNER, 0).answers())
        .containsExactly(new Answer.Done(next.lineage().after().revision(), null));
  }

  @Test
  void isBehindWhoHadALaterOwnerHoweverLongItIs() {
    decide(owner, 1, create(1, "a"));
    decide(owner, 1, create(2, "b"));
    backup.decide(batch(1, create(3, "c")), OWNER, 0);
    backup.decide(batch(1, new Operation.Read(4)), NEXT_OWNER, 0);
    assertThat(owner.isBehind(backup)).isTrue();
    assertThat(backup.isBehind(owner)).isFalse();
  }

  private static ReplicatedState copy(ReplicatedState state) {
    InternalSerializationService serialization =
        new DefaultSerializationServiceBuilder()
            .addDataSerializableFactory(Types.FACTORY, new Types(() -> null))
            .build();
    return serialization.toObject(serialization.toData(state));
  }

  private static ReplicatedState state() {
    return new ReplicatedState(new Snapshot(10, PersistentMap.empty()), 0);
  }

  private static Change create(long number, String key) {
    return new Change(number, key, 0, Buffer.buffer("v"));
  }

  private static Batch batch(long finished, Operation operation) {
    return new Batch(null, new UUID(0, 0), LANE, finished, 0, List.of(operation));
  }

  private static Decision decide(ReplicatedState state, long finished, Operation operation) {
    return state.decide(batch(finished, operation), OWNER, 0);
  }
}
