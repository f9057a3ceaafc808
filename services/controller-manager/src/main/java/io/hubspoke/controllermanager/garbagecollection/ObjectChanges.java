package io.hubspoke.controllermanager.garbagecollection;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.DeleteOptions.Propagation;
import io.hubspoke.client.ObjectMetadata;
import io.hubspoke.client.ObjectMetadata.OwnerReference;
import io.hubspoke.client.PatchType;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Deletes objects and changes their metadata, each in the state in which it was looked at: a
 * conflict means to look again.
 */
final class ObjectChanges {
  private final ApiClient client;
  private final ServedTypes types;

  ObjectChanges(ApiClient client, ServedTypes types) {
    this.client = client;
    this.types = types;
  }

  void delete(ObjectReference object, ObjectMetadata latest, Propagation propagation) {
    var type = types.of(object.apiVersion(), object.kind());
    unlessGone(
        () ->
            client
                .delete(
                    type.resource(),
                    object.namespace(),
                    object.name(),
                    new DeleteOptions(-1, latest.uid(), latest.resourceVersion(), propagation))
                .await());
  }

  void removeFinalizer(ObjectReference object, ObjectMetadata latest, String finalizer) {
    if (!latest.finalizers().contains(finalizer)) {
      return;
    }
    var left = latest.finalizers().stream().filter(f -> !f.equals(finalizer)).toList();
    patch(object, latest, metadata -> left.forEach(metadata.putArray("finalizers")::add));
  }

  void removeOwners(ObjectReference object, ObjectMetadata latest, Set<String> uids) {
    patchOwners(
        object,
        latest,
        latest.ownerReferences().stream().filter(owner -> !uids.contains(owner.uid())).toList());
  }

  /** Lets the object's owners go before it. */
  void unblockOwners(ObjectReference object, ObjectMetadata latest) {
    patchOwners(
        object,
        latest,
        latest.ownerReferences().stream().map(OwnerReference::withoutBlocking).toList());
  }

  private void patchOwners(
      ObjectReference object, ObjectMetadata latest, List<OwnerReference> owners) {
    if (owners.equals(latest.ownerReferences())) {
      return;
    }
    patch(
        object,
        latest,
        metadata -> {
          var references = metadata.putArray("ownerReferences");
          owners.forEach(owner -> references.add(owner.toJson()));
        });
  }

  private void patch(ObjectReference object, ObjectMetadata latest, Consumer<ObjectNode> change) {
    var patch = Json.object();
    change.accept(
        patch
            .putObject("metadata")
            .put("uid", latest.uid())
            .put("resourceVersion", latest.resourceVersion()));
    var resource = types.of(object.apiVersion(), object.kind()).resource();
    unlessGone(
        () ->
            client
                .patch(resource, object.namespace(), object.name(), PatchType.MERGE, patch)
                .await());
  }

  private static void unlessGone(Runnable change) {
    try {
      change.run();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }
}
