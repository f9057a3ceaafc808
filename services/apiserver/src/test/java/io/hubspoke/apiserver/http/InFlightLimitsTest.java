package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.api.ApiException;
import io.hubspoke.apiserver.http.InFlightLimits.Admission;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InFlightLimitsTest {
  private final InFlightLimits limits = new InFlightLimits(40, 20);

  @Test
  void aUserGetsAQuarterOfThePlaces() {
    List<Runnable> taken = take(user("a"), 5);
    Admission sixth = limits.enter(info("create"), user("a"));
    assertThat(sixth.place().isComplete()).isFalse();
    Runnable other = limits.enter(info("create"), user("b")).place().result();
    assertThat(limits.mutating()).isEqualTo(6);
    taken.getFirst().run();
    assertThat(sixth.place().succeeded()).isTrue();
    other.run();
    sixth.place().result().run();
    taken.subList(1, 5).forEach(Runnable::run);
    assertThat(limits.mutating()).isZero();
  }

  @Test
  void aQueueIsShort() {
    List<Admission> waiting = flood("a", 5 + InFlightLimits.LONGEST_QUEUE);
    assertRefused(limits.enter(info("update"), user("a")));
    // It is the flooder's queue: others have their own.
    assertThat(limits.enter(info("update"), user("b")).place().succeeded()).isTrue();
    waiting.getLast().giveUp().run();
    assertRefused(waiting.getLast());
    assertThat(limits.enter(info("update"), user("a")).place().isComplete()).isFalse();
  }

  @Test
  void usersTakeTurnsHoweverLongTheirQueues() {
    List<Runnable> taken = new ArrayList<>();
    for (String name : List.of("x", "y", "z")) {
      taken.addAll(take(user(name), 5));
    }
    List<Admission> flooder = flood("a", 50);
    List<Admission> other = flood("b", 2);
    taken.subList(0, 4).forEach(Runnable::run);
    assertThat(flooder).filteredOn(a -> a.place().isComplete()).hasSize(2);
    assertThat(other).allMatch(a -> a.place().isComplete());
  }

  @Test
  void whoGivesUpTakesNoPlaceAnyMore() {
    List<Runnable> taken = take(user("a"), 5);
    Admission waiting = limits.enter(info("create"), user("a"));
    waiting.giveUp().run();
    taken.forEach(Runnable::run);
    assertRefused(waiting);
    assertThat(limits.mutating()).isZero();
    // And who has one can't give it up: it is given back.
    Admission placed = limits.enter(info("create"), user("a"));
    placed.giveUp().run();
    assertThat(limits.mutating()).isEqualTo(1);
  }

  @Test
  void aQuarterIsKeptForNodesAndTheControlPlane() {
    for (String name : List.of("a", "b", "c")) {
      take(user(name), 5);
    }
    assertWaits(user("d"));
    take(user("system:node:n1", "system:nodes"), 2);
    take(user("system:kube-scheduler"), 3);
    assertWaits(user("system:node:n2", "system:nodes"));
    assertWaits(user("system:kube-scheduler"));
    // Reading and arriving have places of their own.
    assertThat(limits.enter(info("get"), user("a")).place().succeeded()).isTrue();
    assertThat(limits.arrive(info("create"), user("a")).place().succeeded()).isTrue();
    take(user("admin", "system:masters"), 100).forEach(Runnable::run);
    assertThat(limits.mutating()).isEqualTo(20);
  }

  @Test
  void theControlPlaneMayHaveAllThatIsFree() {
    take(user("system:kube-controller-manager"), 20);
    assertWaits(user("system:kube-controller-manager"));
  }

  @Test
  void whatNodesWriteOfTheirPodsHoldsBackNeitherTheSchedulerNorLeases() {
    List<Runnable> taken = take(user("system:kube-controller-manager"), 20);
    List<Admission> nodes = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      nodes.add(limits.enter(info("create"), user("system:node:n" + i, "system:nodes")));
    }
    Admission binding = limits.enter(info("create"), user("system:kube-scheduler"));
    Admission renewal =
        limits.enter(
            new RequestInfo(
                true,
                "/",
                "update",
                "coordination.k8s.io",
                "v1",
                "leases",
                "kube-node-lease",
                "n99",
                "",
                ""),
            user("system:node:n99", "system:nodes"));
    taken.subList(0, 3).forEach(Runnable::run);
    assertThat(binding.place().isComplete()).isTrue();
    assertThat(renewal.place().isComplete()).isTrue();
    assertThat(nodes).filteredOn(a -> a.place().isComplete()).hasSize(1);
  }

  @Test
  void probesNeedNoPlace() {
    flood("a", 55);
    var probe = new RequestInfo(false, "/readyz", "get", "", "", "", "", "", "", "");
    assertThat(limits.enter(probe, user("a")).place().succeeded()).isTrue();
  }

  @Test
  void theWatchesOfOneClientAreBounded() {
    for (int i = 0; i < InFlightLimits.MOST_WATCHES; i++) {
      assertThat(limits.stream(info("watch"), user("a")).place().succeeded()).isTrue();
    }
    assertRefused(limits.stream(info("watch"), user("a")));
    assertThat(limits.stream(info("watch"), user("b")).place().succeeded()).isTrue();
  }

  @Test
  void noneIsNoLimit() {
    var unlimited = new InFlightLimits(0, 0);
    for (int i = 0; i < 1000; i++) {
      assertThat(unlimited.enter(info("create"), user("a")).place().succeeded()).isTrue();
    }
    assertThat(unlimited.mutating()).isEqualTo(1000);
  }

  private List<Runnable> take(User user, int count) {
    List<Runnable> taken = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      taken.add(limits.enter(info("create"), user).place().result());
    }
    assertThat(taken).doesNotContainNull();
    return taken;
  }

  private List<Admission> flood(String user, int count) {
    List<Admission> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(limits.enter(info("create"), user(user)));
    }
    return all;
  }

  private void assertWaits(User user) {
    Admission admission = limits.enter(info("update"), user);
    assertThat(admission.place().isComplete()).isFalse();
    admission.giveUp().run();
  }

  private static void assertRefused(Admission admission) {
    assertThat(admission.place().cause())
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(429));
  }

  private static User user(String name, String... groups) {
    return new User(name, "", List.of(groups), Map.of());
  }

  private static RequestInfo info(String verb) {
    return new RequestInfo(true, "/", verb, "", "v1", "pods", "default", "p", "", "");
  }
}
