package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class WatchResumptionTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";

  @Test
  void aClientThatIsCutOffAgainAndAgainEndsWithWhatTheServerHas() throws Exception {
    var server = new RegistryServer();
    Map<String, ObjectNode> seen = new TreeMap<>();
    String position = Meta.resourceVersion(server.get(MAPS).body());
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      var writer = executor.submit(() -> churn(server));
      var random = new Random(3);
      for (boolean done = false; !done; ) {
        try (var watch = server.watch(MAPS + "?watch=1&resourceVersion=" + position)) {
          for (int i = random.nextInt(40); i >= 0 && !done; i--) {
            ObjectNode event = watch.next();
            ObjectNode object = (ObjectNode) event.path("object");
            assertThat(Long.parseLong(Meta.resourceVersion(object)))
                .isGreaterThan(Long.parseLong(position));
            position = Meta.resourceVersion(object);
            apply(seen, event.path("type").asText(), object);
            done = Meta.name(object).equals("last");
          }
        }
      }
      writer.get();
    }
    Map<String, String> expected = new TreeMap<>();
    server
        .get(MAPS)
        .body()
        .path("items")
        .forEach(item -> expected.put(Meta.name(item), Meta.resourceVersion(item)));
    Map<String, String> cached = new TreeMap<>();
    seen.forEach((name, object) -> cached.put(name, Meta.resourceVersion(object)));
    assertThat(cached).isEqualTo(expected);
    server.close();
  }

  /** Applies an event as a cache does, noticing what was missed or told twice. */
  private static void apply(Map<String, ObjectNode> seen, String type, ObjectNode object) {
    String name = Meta.name(object);
    switch (type) {
      case "ADDED" -> assertThat(seen.put(name, object)).as("added twice: %s", name).isNull();
      case "MODIFIED" -> assertThat(seen.put(name, object)).as("not added: %s", name).isNotNull();
      case "DELETED" -> assertThat(seen.remove(name)).as("not there: %s", name).isNotNull();
      default -> throw new AssertionError(type + " " + object);
    }
  }

  private static Void churn(RegistryServer server) throws Exception {
    var random = new Random(5);
    for (int i = 0; i < 600; i++) {
      String name = "m" + random.nextInt(20);
      switch (random.nextInt(3)) {
        case 0 -> server.post(MAPS, "{'metadata':{'name':'" + name + "'}}");
        case 1 -> server.patch(MAPS + "/" + name, "merge", "{'data':{'i':'" + i + "'}}");
        default -> server.delete(MAPS + "/" + name);
      }
    }
    server.post(MAPS, "{'metadata':{'name':'last'}}");
    return null;
  }
}
