package io.hubspoke.controllermanager.namespaces;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Resource;
import io.hubspoke.controllermanager.Controller;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Duration;

/**
 * Keeps one object of the same name and content in every namespace: the default ServiceAccount, or
 * the ConfigMap with the cluster's authority.
 */
public final class NamespacePublisher implements Controller {
  private static final String ROOT_CA = "kube-root-ca.crt";
  private static final String ROOT_CA_DESCRIPTION =
      "Contains a CA bundle that can be used to verify the kube-apiserver when using internal"
          + " endpoints such as the internal service IP or kubernetes.default.svc. No other usage"
          + " is guaranteed across distributions of Kubernetes clusters.";

  private final ApiClient client;
  private final Informer<ObjectNode> namespaces;
  private final Informer<ObjectNode> published;
  private final Resource<ObjectNode> resource;
  private final ControlLoop<String> loop;
  private volatile ObjectNode wanted;

  private NamespacePublisher(
      String name,
      ApiClient client,
      Context context,
      Informer<ObjectNode> namespaces,
      Informer<ObjectNode> published,
      Resource<ObjectNode> resource,
      ObjectNode wanted) {
    this.client = client;
    this.namespaces = namespaces;
    this.published = published;
    this.resource = resource;
    this.wanted = wanted;
    this.loop = new ControlLoop<>(name, context, 4, this::reconcile);
    namespaces.addHandler(loop.onChange(item -> item.key().name()));
    published.addHandler(loop.onChange(item -> item.key().namespace()));
  }

  /**
   * Makes a ServiceAccount {@code default} in every namespace.
   *
   * @param accounts those of that name
   */
  public static NamespacePublisher defaultServiceAccount(
      ApiClient client,
      Context context,
      Informer<ObjectNode> namespaces,
      Informer<ObjectNode> accounts) {
    var wanted = Json.object().put("apiVersion", "v1").put("kind", "ServiceAccount");
    wanted.putObject("metadata").put("name", "default");
    return new NamespacePublisher(
        "serviceaccount",
        client,
        context,
        namespaces,
        accounts,
        Resource.SERVICE_ACCOUNTS.tree(),
        wanted);
  }

  /**
   * Publishes the authority of the cluster as ConfigMap {@code kube-root-ca.crt}.
   *
   * @param configMaps those of that name
   * @param rootCa the authority in PEM
   */
  public static NamespacePublisher rootCa(
      ApiClient client,
      Context context,
      Informer<ObjectNode> namespaces,
      Informer<ObjectNode> configMaps,
      String rootCa) {
    return new NamespacePublisher(
        "root-ca-publisher",
        client,
        context,
        namespaces,
        configMaps,
        Resource.CONFIG_MAPS.tree(),
        rootCaMap(rootCa));
  }

  private static ObjectNode rootCaMap(String rootCa) {
    var map = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    map.putObject("metadata")
        .put("name", ROOT_CA)
        .putObject("annotations")
        .put("kubernetes.io/description", ROOT_CA_DESCRIPTION);
    map.putObject("data").put("ca.crt", rootCa);
    return map;
  }

  /** Publishes another authority in place of the one so far, in every namespace. */
  public void replaceRootCa(String rootCa) {
    wanted = rootCaMap(rootCa);
    namespaces.items().forEach(namespace -> loop.add(namespace.key().name()));
  }

  @Override
  public Future<Void> stop() {
    return loop.stop();
  }

  private Duration reconcile(String namespace) {
    published.hasSynced().await();
    namespaces.hasSynced().await();
    if (!NamespaceController.isActive(namespaces.get("", namespace))) {
      return Duration.ZERO;
    }
    var wanted = this.wanted;
    var name = wanted.path("metadata").path("name").asText();
    var present = published.get(namespace, name);
    try {
      if (present == null) {
        client.create(resource, namespace, wanted.deepCopy()).await();
      } else if (wanted.has("data") && !wanted.path("data").equals(present.path("data"))) {
        var corrected = present.deepCopy();
        corrected.set("data", wanted.path("data"));
        client.update(resource, namespace, name, corrected).await();
      }
    } catch (ApiException e) {
      // Made by another, or the namespace goes; the informers tell which.
      if (e.code() != 409 && e.code() != 404 && NamespaceController.isActive(now(namespace))) {
        throw e;
      }
    }
    return Duration.ZERO;
  }

  private ObjectNode now(String namespace) {
    return namespaces.get("", namespace);
  }
}
