package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.api.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InFlightLimitsTest {
  private final InFlightLimits limits = new InFlightLimits(40, 20);

  @Test
  void aUserGetsAQuarterOfThePlaces() {
    List<Runnable> taken = take(user("a"), 5);
    assertFull(user("a"));
    Runnable other = limits.enter(info("create"), user("b"));
    assertThat(limits.mutating()).isEqualTo(6);
    taken.getFirst().run();
    limits.enter(info("create"), user("a")).run();
    other.run();
    taken.subList(1, 5).forEach(Runnable::run);
    assertThat(limits.mutating()).isZero();
  }

  @Test
  void aQuarterIsKeptForNodesAndTheControlPlane() {
    for (String name : List.of("a", "b", "c")) {
      take(user(name), 5);
    }
    assertFull(user("d"));
    take(user("system:node:n1", "system:nodes"), 2);
    take(user("system:kube-scheduler"), 3);
    assertFull(user("system:node:n2", "system:nodes"));
    assertFull(user("system:kube-scheduler"));
    // Reading and arriving have places of their own.
    limits.enter(info("get"), user("a")).run();
    limits.arrive(user("a")).run();
    take(user("admin", "system:masters"), 100).forEach(Runnable::run);
    assertThat(limits.mutating()).isEqualTo(20);
  }

  @Test
  void theControlPlaneMayHaveAllThatIsFree() {
    take(user("system:kube-controller-manager"), 20);
    assertFull(user("system:kube-controller-manager"));
  }

  @Test
  void noneIsNoLimit() {
    var unlimited = new InFlightLimits(0, 0);
    for (int i = 0; i < 1000; i++) {
      unlimited.enter(info("create"), user("a"));
    }
    assertThat(unlimited.mutating()).isEqualTo(1000);
  }

  private List<Runnable> take(User user, int count) {
    List<Runnable> taken = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      taken.add(limits.enter(info("create"), user));
    }
    return taken;
  }

  private void assertFull(User user) {
    assertThatThrownBy(() -> limits.enter(info("update"), user))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(429));
  }

  private static User user(String name, String... groups) {
    return new User(name, "", List.of(groups), Map.of());
  }

  private static RequestInfo info(String verb) {
    return new RequestInfo(true, "/", verb, "", "v1", "pods", "default", "p", "", "");
  }
}
