package io.hubspoke.apiserver.authz;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.http.FieldTerms;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.registry.ObjectFollower;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.testing.Await;
import java.lang.ref.WeakReference;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Everybody may ask what he may do, so what is remembered of questions must have an end. */
class DecisionMemoryTest {
  private final RbacAuthorizer authorizer =
      new RbacAuthorizer(
          new Nothing(),
          new RbacAuthorizer.Types(
              ResourceTable.ROLES.type(),
              ResourceTable.ROLE_BINDINGS.type(),
              ResourceTable.CLUSTER_ROLES.type(),
              ResourceTable.CLUSTER_ROLE_BINDINGS.type()));

  @Test
  void aLongVerbIsNotRemembered() throws Exception {
    assertForgotten(asked("jane", "v".repeat(100_000)).verb);
  }

  @Test
  void aLongNameIsNotRemembered() throws Exception {
    assertForgotten(asked("n".repeat(100_000), "get").name);
  }

  @Test
  void manyKindsOfRequestsOfManyUsersAreNotAllRemembered() throws Exception {
    var first = asked("user-0", "verb-0").verb;
    for (int user = 1; user < 300; user++) {
      for (int verb = 0; verb < 500; verb++) {
        asked("user-" + user, "verb-" + verb);
      }
    }
    assertForgotten(first);
  }

  private record Asked(WeakReference<String> name, WeakReference<String> verb) {}

  private Asked asked(String name, String verb) {
    // Copies, which nothing else holds.
    String who = new String(name.toCharArray());
    String what = new String(verb.toCharArray());
    User user = new User(who, "", List.of(), Map.of());
    var attributes =
        new Attributes(user, what, true, "", "v1", "pods", "", "", "", "", FieldTerms.of(null));
    assertThat(authorizer.authorize(attributes).allowed()).isFalse();
    return new Asked(new WeakReference<>(who), new WeakReference<>(what));
  }

  private static void assertForgotten(WeakReference<String> text) throws Exception {
    Await.until(
        "forgotten",
        () -> {
          System.gc();
          return text.refersTo(null);
        });
  }

  /** No roles and no bindings. */
  private static final class Nothing implements Lister {
    @Override
    public ObjectNode get(ResourceType type, String namespace, String name) {
      return null;
    }

    @Override
    public Collection<ObjectNode> list(ResourceType type, String namespace) {
      return List.of();
    }

    @Override
    public long version(ResourceType type) {
      return 0;
    }

    @Override
    public void follow(ResourceType type, ObjectFollower follower) {}
  }
}
