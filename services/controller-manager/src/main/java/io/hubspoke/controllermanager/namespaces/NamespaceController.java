package io.hubspoke.controllermanager.namespaces;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;
import java.time.Instant;

/** Empties namespaces that are deleted, then takes its finalizer off, so that they go. */
public final class NamespaceController implements Controller {
  private static final String FINALIZER = "kubernetes";

  /** Pods need their grace period; each look costs a few requests. */
  private static final Duration NEXT_LOOK = Duration.ofSeconds(1);

  private final ApiClient client;
  private final NamespaceContent content;
  private final Informer<ObjectNode> namespaces;
  private final ControlLoop<String> loop;

  public NamespaceController(ApiClient client, Context context, Informer<ObjectNode> namespaces) {
    this.client = client;
    this.content = new NamespaceContent(client);
    this.namespaces = namespaces;
    this.loop = new ControlLoop<>("namespace", context, 4, this::reconcile);
    namespaces.addHandler(loop.onChange(item -> item.key().name()));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  /** Tells whether new objects have a place there. */
  static boolean isActive(ObjectNode namespace) {
    return namespace != null && !namespace.path("metadata").has("deletionTimestamp");
  }

  private Duration reconcile(String name) {
    var namespace = namespaces.get("", name);
    if (namespace == null || isActive(namespace) || !holds(namespace)) {
      return Duration.ZERO;
    }
    var remaining = content.delete(name);
    try {
      var said = namespace.deepCopy();
      if (DeletionConditions.set(said, remaining, Instant.now())) {
        said = client.updateStatus(Resource.NAMESPACES.tree(), "", name, said).await();
      }
      if (!remaining.nothing()) {
        return NEXT_LOOK;
      }
      client
          .updateSubresource(Resource.NAMESPACES.tree(), "", name, "finalize", released(said))
          .await();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
    return Duration.ZERO;
  }

  private static boolean holds(ObjectNode namespace) {
    for (var finalizer : namespace.path("spec").path("finalizers")) {
      if (finalizer.asText().equals(FINALIZER)) {
        return true;
      }
    }
    return false;
  }

  private static ObjectNode released(ObjectNode namespace) {
    var copy = namespace.deepCopy();
    if (copy.path("spec").path("finalizers") instanceof ArrayNode finalizers) {
      finalizers.removeIf(finalizer -> finalizer.asText().equals(FINALIZER));
    }
    return copy;
  }
}
