package io.hubspoke.controllermanager.namespaces;

import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.DeleteOptions.Propagation;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.ObjectMetadata;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.discovery.Discovery;
import io.hubspoke.controllermanager.discovery.ServedResource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Deletes everything that a namespace holds, of every resource that the apiserver has. */
final class NamespaceContent {
  private static final DeleteOptions BACKGROUND =
      new DeleteOptions(-1, "", "", Propagation.BACKGROUND);

  private final ApiClient client;
  private final Discovery discovery;

  NamespaceContent(ApiClient client) {
    this.client = client;
    this.discovery = new Discovery(client);
  }

  /**
   * What is left of a namespace, and what went wrong.
   *
   * @param undiscovered the groups whose resources are not known
   * @param failures what could not be deleted, and why
   * @param resources how many objects are left of each resource
   * @param finalizers how many objects are left with each finalizer
   */
  record Remaining(
      List<String> undiscovered,
      List<String> failures,
      Map<String, Integer> resources,
      Map<String, Integer> finalizers) {

    boolean nothing() {
      return undiscovered.isEmpty() && failures.isEmpty() && resources.isEmpty();
    }
  }

  /**
   * Deletes all objects of a namespace, its pods before all else: what they use must not go from
   * under them. Waits for the answers, not for what they began.
   */
  Remaining delete(String namespace) {
    // Asked anew each time: a resource that came since must not keep its objects.
    var served = discovery.ask();
    var remaining =
        new Remaining(served.failures(), new ArrayList<>(), new TreeMap<>(), new TreeMap<>());
    delete(Resource.PODS.metadata(), namespace, remaining);
    if (!remaining.resources().isEmpty() || !remaining.failures().isEmpty()) {
      return remaining;
    }
    served.resources().stream()
        .filter(type -> type.resource().namespaced() && type.can("list", "deletecollection"))
        .map(ServedResource::resource)
        .forEach(resource -> delete(resource, namespace, remaining));
    return remaining;
  }

  private void delete(Resource<ObjectMetadata> resource, String namespace, Remaining remaining) {
    var which = ListOptions.inNamespace(namespace);
    try {
      if (client.list(resource, which).await().items().isEmpty()) {
        return;
      }
      client.deleteCollection(resource, which, BACKGROUND).await();
      var left = client.list(resource, which).await().objects();
      if (!left.isEmpty()) {
        remaining.resources().put(resource.plural() + "." + resource.group(), left.size());
        left.stream()
            .flatMap(object -> object.finalizers().stream())
            .forEach(finalizer -> remaining.finalizers().merge(finalizer, 1, Integer::sum));
      }
    } catch (ApiException e) {
      if (e.code() != 404 && e.code() != 405) {
        remaining.failures().add(resource.plural() + ": " + e.getMessage());
      }
    }
  }
}
