package io.hubspoke.controllermanager.workloads;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.hubspoke.client.Item;
import org.junit.jupiter.api.Test;

class OwnedIndexTest {
  private static Item<Pod> pod(String namespace, String name, String owner) {
    var pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(name)
            .withUid(namespace + name);
    if (!owner.isEmpty()) {
      pod.addNewOwnerReference()
          .withApiVersion("apps/v1")
          .withKind("ReplicaSet")
          .withName("web")
          .withUid(owner)
          .withController(true)
          .endOwnerReference();
    }
    return new Item<>(
        new Item.Key(namespace, name), namespace + name, "1", pod.endMetadata().build());
  }

  @Test
  void who_names_an_owner_in_another_namespace_is_not_owned() {
    var index = new OwnedIndex<Pod>();
    var own = pod("shop", "web-1", "uid-of-web");
    index.added(own);
    index.added(pod("a-tenant", "web-2", "uid-of-web"));
    assertThat(index.ownedBy("shop", "uid-of-web")).containsExactly(own.object());
  }

  @Test
  void orphans_are_those_of_a_namespace_until_somebody_owns_them() {
    var index = new OwnedIndex<Pod>();
    var orphan = pod("shop", "web-1", "");
    index.added(orphan);
    index.added(pod("other", "web-1", ""));
    assertThat(index.orphans("shop")).containsExactly(orphan.object());
    var owned = pod("shop", "web-1", "uid-of-web");
    index.updated(orphan, owned);
    assertThat(index.orphans("shop")).isEmpty();
    assertThat(index.ownedBy("shop", "uid-of-web")).containsExactly(owned.object());
    index.deleted(owned);
    assertThat(index.ownedBy("shop", "uid-of-web")).isEmpty();
  }
}
