package io.hubspoke.controllermanager.certificates;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Asks under which addresses the apiserver is found: service kubernetes and its endpoints. */
public final class KubernetesService {
  private static final ListOptions KUBERNETES =
      ListOptions.inNamespace("default").withFieldSelector("metadata.name=kubernetes");

  private final ApiClient client;

  public KubernetesService(ApiClient client) {
    this.client = client;
  }

  /** Returns the addresses; none before the apiserver has published them; waits. */
  public Set<InetAddress> addresses() {
    var addresses = new HashSet<InetAddress>();
    // By list, since the real role of controller managers has no get for these.
    for (var service : list(Resource.SERVICES.tree())) {
      for (var ip : service.path("spec").path("clusterIPs")) {
        add(addresses, ip);
      }
      add(addresses, service.path("spec").path("clusterIP"));
    }
    if (addresses.isEmpty()) {
      return Set.of();
    }
    var endpoints = new HashSet<InetAddress>();
    for (var object : list(Resource.ENDPOINTS.tree())) {
      for (var subset : object.path("subsets")) {
        subset.path("addresses").forEach(address -> add(endpoints, address.path("ip")));
        subset.path("notReadyAddresses").forEach(address -> add(endpoints, address.path("ip")));
      }
    }
    if (endpoints.isEmpty()) {
      return Set.of();
    }
    addresses.addAll(endpoints);
    return addresses;
  }

  private List<ObjectNode> list(Resource<ObjectNode> resource) {
    return client.list(resource, KUBERNETES).await().objects();
  }

  private static void add(Set<InetAddress> addresses, JsonNode ip) {
    var text = ip.asText("");
    if (!text.isEmpty() && !text.equals("None")) {
      addresses.add(InetAddress.ofLiteral(text));
    }
  }
}
