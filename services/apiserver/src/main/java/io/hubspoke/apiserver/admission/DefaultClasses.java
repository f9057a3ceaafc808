package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.NetworkingResources;
import io.hubspoke.apiserver.resources.StorageResources;
import java.util.Comparator;
import java.util.Optional;

/**
 * Gives new claims and ingresses that name no class the default one, if there is one (the real
 * apiserver's DefaultStorageClass and DefaultIngressClass plugins).
 */
public final class DefaultClasses implements Admission {
  private static final ResourceType CLAIMS = StorageResources.PERSISTENT_VOLUME_CLAIMS.type();
  private static final ResourceType INGRESSES = NetworkingResources.INGRESSES.type();

  private final Lister lister;

  public DefaultClasses(Lister lister) {
    this.lister = lister;
  }

  @Override
  public void admit(AdmissionRequest request) {
    if (request.operation() != AdmissionRequest.Operation.CREATE
        || !request.subresource().isEmpty()) {
      return;
    }
    if (request.type().equals(CLAIMS)) {
      name(
          request.object(),
          "storageClassName",
          "volume.beta.kubernetes.io/storage-class",
          StorageResources.STORAGE_CLASSES.type(),
          "storageclass.kubernetes.io/is-default-class");
    } else if (request.type().equals(INGRESSES)) {
      name(
          request.object(),
          "ingressClassName",
          "kubernetes.io/ingress.class",
          NetworkingResources.INGRESS_CLASSES.type(),
          "ingressclass.kubernetes.io/is-default-class");
    }
  }

  /** An empty name is a name: it asks for no class. */
  private void name(
      ObjectNode object, String field, String annotation, ResourceType classes, String mark) {
    boolean named =
        object.path("spec").has(field) || Meta.annotations(object).containsKey(annotation);
    if (!named && object.get("spec") instanceof ObjectNode spec) {
      newestDefault(classes, mark).ifPresent(name -> spec.put(field, name));
    }
  }

  /** Returns the newest of the classes that are marked, for there may be more than one. */
  private Optional<String> newestDefault(ResourceType classes, String mark) {
    return lister.list(classes, "").stream()
        .filter(c -> "true".equals(Meta.annotations(c).get(mark)))
        .max(Comparator.comparing(c -> Meta.text(c, "creationTimestamp")))
        .map(Meta::name);
  }
}
