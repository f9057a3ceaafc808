package io.hubspoke.apiserver.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.registry.Lister;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Keeps the webhooks of all configurations of a kind, by configurations' names, and reads them anew
 * when one has changed. The watch cache tells of that: where a configuration was written, requests
 * see it as soon as the write is answered; other replicas, as soon as their watches do.
 */
final class WebhookSource {
  private final Lister lister;
  private final ResourceType type;
  private volatile Compiled compiled = new Compiled(-1, List.of());

  private record Compiled(long version, List<Webhook> webhooks) {}

  WebhookSource(Lister lister, ResourceType type) {
    this.lister = lister;
    this.type = type;
  }

  List<Webhook> webhooks() {
    // In this order: what is listed is of this version or newer.
    long version = lister.version(type);
    Compiled known = compiled;
    if (known.version != version) {
      known = new Compiled(version, read());
      compiled = known;
    }
    return known.webhooks;
  }

  private List<Webhook> read() {
    List<ObjectNode> configurations = new ArrayList<>(lister.list(type, ""));
    configurations.sort(Comparator.comparing(Meta::name));
    return configurations.stream().flatMap(c -> Webhook.of(c).stream()).toList();
  }
}
