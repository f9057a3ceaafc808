package io.hubspoke.controllermanager.workloads;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Makes an owner the controller of orphans that its selector matches, and lets go of what it does
 * not match any longer ("Controllers and ownerReferences": adoption and release).
 */
public final class Claims<O extends HasMetadata, C extends HasMetadata> {
  private final ApiClient client;
  private final Resource<O> owners;
  private final Resource<C> children;
  private final String finalizer;

  public Claims(ApiClient client, Resource<O> owners, Resource<C> children) {
    this(client, owners, children, "");
  }

  /** Puts a finalizer on what is adopted and takes it off what is released; empty for none. */
  Claims(ApiClient client, Resource<O> owners, Resource<C> children, String finalizer) {
    this.client = client;
    this.owners = owners;
    this.children = children;
    this.finalizer = finalizer;
  }

  /**
   * Returns those of the candidates that are the owner's, after adopting and releasing; waits.
   *
   * @param candidates what the owner controls, and orphans of its namespace
   * @throws ApiException when the apiserver refuses to adopt or release one
   */
  public List<C> claim(O owner, LabelSelector selector, Collection<C> candidates) {
    var claimed = new ArrayList<C>();
    var ownerGoes = owner.getMetadata().getDeletionTimestamp() != null;
    var checked = false;
    for (var child : candidates) {
      var matches = selector.matches(child.getMetadata().getLabels());
      if (ControllerReference.of(child) != null) {
        if (!ControllerReference.isOf(child, owner)) {
          continue;
        }
        if (matches) {
          claimed.add(child);
        } else if (!ownerGoes) {
          release(child, owner);
        }
      } else if (matches && !ownerGoes && child.getMetadata().getDeletionTimestamp() == null) {
        if (!checked && !mayAdopt(owner)) {
          ownerGoes = true;
          continue;
        }
        checked = true;
        adopt(child, owner, claimed);
      }
    }
    return claimed;
  }

  /** Asks the apiserver itself: the informer may not know yet that the owner is gone. */
  private boolean mayAdopt(O owner) {
    var metadata = owner.getMetadata();
    try {
      var now =
          client.get(owners, metadata.getNamespace(), metadata.getName()).await().getMetadata();
      return now.getUid().equals(metadata.getUid()) && now.getDeletionTimestamp() == null;
    } catch (ApiException e) {
      if (e.code() == 404) {
        return false;
      }
      throw e;
    }
  }

  private void adopt(C child, O owner, List<C> claimed) {
    var metadata = metadata(child);
    var reference = ControllerReference.to(owner);
    metadata.putArray("ownerReferences").add(Json.tree(reference));
    if (!finalizer.isEmpty()) {
      metadata.putArray("finalizers").add(finalizer);
    }
    patch(child, metadata, claimed);
  }

  private void release(C child, O owner) {
    var metadata = metadata(child);
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("$patch", "delete")
        .put("uid", owner.getMetadata().getUid());
    if (!finalizer.isEmpty()) {
      metadata.putArray("$deleteFromPrimitiveList/finalizers").add(finalizer);
    }
    patch(child, metadata, new ArrayList<>());
  }

  /** Names in the patch which object is meant: one of the same name is not. */
  private static ObjectNode metadata(HasMetadata child) {
    return Json.object().put("uid", child.getMetadata().getUid());
  }

  private void patch(C child, ObjectNode metadata, List<C> claimed) {
    var of = child.getMetadata();
    var patch = Json.object();
    patch.set("metadata", metadata);
    try {
      claimed.add(
          client
              .patch(children, of.getNamespace(), of.getName(), PatchType.STRATEGIC_MERGE, patch)
              .await());
    } catch (ApiException e) {
      // Gone, or another one by now; or somebody else has adopted or released it meanwhile.
      if (e.code() != 404 && e.code() != 409 && e.code() != 422) {
        throw e;
      }
    }
  }
}
