package io.hubspoke.apiserver.serviceaccount;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.registry.ObjectFollower;
import io.hubspoke.tokens.TokenException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How long a token counts whose pod is on its way out. */
class BoundObjectsTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final Duration LEEWAY = Duration.ofSeconds(60);
  private static final TokenClaims.Bound TOKEN =
      new TokenClaims.Bound(
          "id",
          "default",
          new TokenClaims.Ref("runner", "account-uid"),
          new TokenClaims.Ref("web", "pod-uid"),
          null,
          null,
          List.of(),
          new TokenClaims.Validity(null, null, null));

  private final Map<String, ObjectNode> objects = new HashMap<>();
  private final BoundObjects bound = new BoundObjects(new Held(), LEEWAY);

  private final class Held implements Lister {
    @Override
    public ObjectNode get(ResourceType type, String namespace, String name) {
      return objects.get(type.plural() + "/" + name);
    }

    @Override
    public Collection<ObjectNode> list(ResourceType type, String namespace) {
      return objects.values();
    }

    @Override
    public long version(ResourceType type) {
      return 0;
    }

    @Override
    public void follow(ResourceType type, ObjectFollower follower) {
      throw new UnsupportedOperationException("nobody follows here");
    }
  }

  BoundObjectsTest() {
    put("serviceaccounts", "runner", "account-uid", "");
  }

  private void put(String plural, String name, String uid, String deletion) {
    ObjectNode object = Json.object();
    ObjectNode metadata =
        object.putObject("metadata").put("name", name).put("namespace", "default").put("uid", uid);
    if (!deletion.isEmpty()) {
      metadata.put("deletionTimestamp", deletion);
    }
    objects.put(plural + "/" + name, object);
  }

  @Test
  void aTokenCountsWhileItsPodHasItsGraceAndALittleLonger() {
    put("pods", "web", "pod-uid", "2026-01-01T12:00:30Z");
    assertThatCode(() -> bound.check(TOKEN, NOW)).doesNotThrowAnyException();
    assertThatCode(() -> bound.check(TOKEN, NOW.plusSeconds(90))).doesNotThrowAnyException();
  }

  @Test
  void aTokenCountsForNothingOnceItsPodsGraceIsOverThoughThePodIsStillThere() {
    put("pods", "web", "pod-uid", "2026-01-01T12:00:30Z");
    assertThatThrownBy(() -> bound.check(TOKEN, NOW.plusSeconds(91)))
        .isInstanceOf(TokenException.class)
        .hasMessage("service account token has been invalidated");
  }

  @Test
  void aTokenCountsForNothingWithoutItsPodOrWithAnotherOfItsName() {
    assertThatThrownBy(() -> bound.check(TOKEN, NOW)).isInstanceOf(TokenException.class);
    put("pods", "web", "other-uid", "");
    assertThatThrownBy(() -> bound.check(TOKEN, NOW))
        .isInstanceOf(TokenException.class)
        .hasMessageContaining("pod UID (other-uid) does not match");
  }

  @Test
  void aTokenCountsForNothingOnceItsAccountWasToBeGone() {
    put("pods", "web", "pod-uid", "");
    put("serviceaccounts", "runner", "account-uid", "2026-01-01T11:58:59Z");
    assertThatThrownBy(() -> bound.check(TOKEN, NOW))
        .hasMessage("service account default/runner has been deleted");
  }
}
