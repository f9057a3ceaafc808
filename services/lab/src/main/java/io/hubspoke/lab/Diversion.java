package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Has the pods of Deployments take a name for another address, until they are given back what they
 * had. That is in an annotation meanwhile: whoever finds it after this process was killed can give
 * it back, as the next audit and {@code k8s-manifests/run} do. Methods block; one thread calls
 * them.
 */
final class Diversion {
  /** The {@code hostAliases} of before, as JSON. */
  static final String BEFORE = "hubspoke.io/host-aliases-before-audit";

  private static final Resource<ObjectNode> DEPLOYMENTS =
      Resource.namespaced("apps", "v1", "deployments", Deployment.class).tree();
  private static final Set<String> ENDED = Set.of("Succeeded", "Failed");
  private static final int TRIES = 5;
  private static final long PAUSE_MILLIS = 500;

  private final ApiClient outer;
  private final String namespace;
  private final Set<String> names = new LinkedHashSet<>();

  /**
   * Diverts nothing yet.
   *
   * @param namespace of the Deployments
   */
  Diversion(ApiClient outer, String namespace) {
    this.outer = outer;
    this.namespace = namespace;
  }

  /** Has a Deployment's pods find a host at this address. */
  void divert(String name, String host, String address) throws Exception {
    var deployment = get(name);
    // What an audit left that was killed is none of the Deployment's own.
    var before = before(deployment).orElse(deployment.at("/spec/template/spec/hostAliases"));
    var aliases = before instanceof ArrayNode own ? own.deepCopy() : Json.object().arrayNode();
    aliases.addObject().put("ip", address).putArray("hostnames").add(host);
    names.add(name);
    var kept = before instanceof ArrayNode ? before.toString() : "null";
    patch(name, Json.object().textNode(kept), aliases);
  }

  /** The Deployments that were diverted, or may have been. */
  List<String> names() {
    return List.copyOf(names);
  }

  /**
   * Gives each Deployment back what it had; one that fails keeps no other from it. Nor does an
   * interrupt: who is told to end has this to do. A second time is for nothing.
   */
  void restore() throws IOException {
    var failures = new ArrayList<String>();
    for (var name : names) {
      try {
        insist(name);
      } catch (Exception e) {
        failures.add(name + ": " + Component.reason(e));
      }
    }
    if (!failures.isEmpty()) {
      throw new IOException(
          "the deployment's wiring stays altered: %s (annotation %s says how it was)"
              .formatted(String.join("; ", failures), BEFORE));
    }
  }

  private void insist(String name) throws Exception {
    for (var tries = 1; ; tries++) {
      try {
        giveBack(name);
        return;
      } catch (Exception e) {
        if (e instanceof ApiException refusal && refusal.code() == 404) {
          return;
        }
        if (tries == TRIES) {
          throw e;
        }
        pause();
      }
    }
  }

  private void giveBack(String name) throws Exception {
    var before = before(get(name));
    if (before.isPresent()) {
      patch(name, NullNode.getInstance(), before.get());
    }
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      // Told to end, which is what this is about.
    }
  }

  private static Optional<JsonNode> before(ObjectNode deployment) {
    var kept = deployment.at("/metadata/annotations").path(BEFORE);
    return kept.isTextual()
        ? Optional.of(Json.parse(kept.asText().getBytes(UTF_8)))
        : Optional.empty();
  }

  private ObjectNode get(String name) throws Exception {
    return Component.await(outer.get(DEPLOYMENTS, namespace, name));
  }

  private void patch(String name, JsonNode before, JsonNode aliases) throws Exception {
    var patch = Json.object();
    patch.withObject("/metadata/annotations").set(BEFORE, before);
    patch.withObject("/spec/template/spec").set("hostAliases", aliases);
    Component.await(outer.patch(DEPLOYMENTS, namespace, name, PatchType.MERGE, patch));
  }

  /**
   * Returns the addresses of a Deployment's pods once they are all as it says now. Those that are
   * still to end count: they go on by the way that they had.
   */
  Optional<List<String>> rolledOut(String name) throws Exception {
    var deployment = get(name);
    var status = deployment.path("status");
    var wanted = deployment.at("/spec/replicas").asInt(1);
    var running = pods(name);
    var there =
        status.path("observedGeneration").asLong() >= deployment.at("/metadata/generation").asLong()
            && status.path("updatedReplicas").asInt() == wanted
            && status.path("availableReplicas").asInt() == wanted
            && running.size() == wanted;
    return there ? Optional.of(running) : Optional.empty();
  }

  /** Addresses of those that run; what has ended, or was evicted, asks for nothing any more. */
  private List<String> pods(String name) throws Exception {
    var options =
        ListOptions.inNamespace(namespace).withLabelSelector("app.kubernetes.io/name=" + name);
    var found = new ArrayList<String>();
    for (var pod : Component.await(outer.list(Resource.PODS.tree(), options)).objects()) {
      if (!ENDED.contains(pod.at("/status/phase").asText())) {
        found.add(pod.at("/status/podIP").asText());
      }
    }
    return found;
  }
}
