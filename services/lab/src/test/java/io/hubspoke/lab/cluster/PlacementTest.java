package io.hubspoke.lab.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.lab.cluster.Placement.Candidate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PlacementTest {
  @Test
  void membersGetNodesByTheProcessorsThatHaveNothingToDo() {
    var given = place(90, Map.of("small", one(2, 0), "large", one(4, 0), "busy", one(4, 0.75)));

    assertThat(given.get("large")).isBetween(45, 55);
    assertThat(given.get("small")).isBetween(22, 28);
    assertThat(given.get("busy")).isBetween(10, 16);
  }

  @Test
  void whoseRoomOrMemoryIsUsedUpGetsNone() {
    assertThat(Placement.next(List.of(new Candidate("full", 10, 0, 10, 8, 0, 4096)))).isEmpty();
    assertThat(Placement.next(List.of(new Candidate("poor", 0, 0, 10, 8, 0, 100)))).isEmpty();
  }

  @Test
  void whoLetsManyInAtTheMomentGetsNoMoreUntilTheyAreIn() {
    var letting = new Candidate("letting", 100, 80, 1000, 8, 0, 4096);
    var idle = new Candidate("idle", 500, 0, 1000, 1, 0.9, 4096);

    assertThat(Placement.next(List.of(letting))).isEmpty();
    assertThat(Placement.next(List.of(letting, idle))).contains(idle);
  }

  @Test
  void fewNodesAreHandedOutOneByOneAndManyByDozens() {
    assertThat(Placement.batch(20, 3)).isEqualTo(1);
    assertThat(Placement.batch(1000, 4)).isEqualTo(31);
    assertThat(Placement.batch(10_000, 4)).isEqualTo(40);
  }

  private static Candidate one(int processors, double busy) {
    return new Candidate("", 0, 0, 1000, processors, busy, 4096);
  }

  /** Returns who has how many in the end. */
  private static Map<String, Integer> place(int nodes, Map<String, Candidate> members) {
    var given = new HashMap<String, Integer>();
    for (var n = 0; n < nodes; n++) {
      var now =
          members.entrySet().stream()
              .map(
                  member ->
                      new Candidate(
                          member.getKey(),
                          given.getOrDefault(member.getKey(), 0),
                          0,
                          member.getValue().capacity(),
                          member.getValue().processors(),
                          member.getValue().busy(),
                          member.getValue().freeMegabytes()))
              .toList();
      given.merge(Placement.next(now).orElseThrow().member(), 1, Integer::sum);
    }
    return given;
  }
}
