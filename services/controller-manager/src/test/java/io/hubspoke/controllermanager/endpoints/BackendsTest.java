package io.hubspoke.controllermanager.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.hubspoke.client.Item;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BackendsTest {
  private final ServicesByLabel services = new ServicesByLabel();

  @Test
  void findsServicesWhoseWholeSelectorAPodSatisfies() {
    services.added(service("web", Map.of("app", "web")));
    services.added(service("web-blue", Map.of("app", "web", "colour", "blue")));
    services.added(service("all", Map.of()));
    assertThat(services.selecting("shop", Map.of("app", "web", "colour", "red")))
        .containsExactly(key("web"));
    assertThat(services.selecting("shop", Map.of("app", "web", "colour", "blue")))
        .containsExactlyInAnyOrder(key("web"), key("web-blue"));
    assertThat(services.selecting("other", Map.of("app", "web"))).isEmpty();
  }

  @Test
  void followsASelectorThatChangesAndForgetsWhatIsDeleted() {
    var before = service("web", Map.of("app", "web"));
    var now = service("web", Map.of("app", "shop"));
    services.added(before);
    services.updated(before, now);
    assertThat(services.selecting("shop", Map.of("app", "web"))).isEmpty();
    assertThat(services.selecting("shop", Map.of("app", "shop"))).containsExactly(key("web"));
    services.deleted(now);
    assertThat(services.selecting("shop", Map.of("app", "shop"))).isEmpty();
  }

  private static Item<Service> service(String name, Map<String, String> selector) {
    var service =
        new ServiceBuilder()
            .withNewMetadata()
            .withName(name)
            .endMetadata()
            .withNewSpec()
            .withSelector(selector)
            .endSpec()
            .build();
    return new Item<>(key(name), name, "1", service);
  }

  private static Item.Key key(String name) {
    return new Item.Key("shop", name);
  }
}
