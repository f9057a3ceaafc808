package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;

/** The one owner of an object that manages it. */
public final class ControllerReference {
  private ControllerReference() {}

  /** Returns the reference to what controls the object, or null. */
  public static OwnerReference of(HasMetadata object) {
    for (var owner : object.getMetadata().getOwnerReferences()) {
      if (Boolean.TRUE.equals(owner.getController())) {
        return owner;
      }
    }
    return null;
  }

  /** Returns whether the object is controlled by this very owner. */
  public static boolean isOf(HasMetadata object, HasMetadata owner) {
    var reference = of(object);
    return reference != null && reference.getUid().equals(owner.getMetadata().getUid());
  }

  /** Makes a reference to an owner that controls; its foreground deletion waits for the object. */
  public static OwnerReference to(HasMetadata owner) {
    return new OwnerReferenceBuilder()
        .withApiVersion(owner.getApiVersion())
        .withKind(owner.getKind())
        .withName(owner.getMetadata().getName())
        .withUid(owner.getMetadata().getUid())
        .withController(true)
        .withBlockOwnerDeletion(true)
        .build();
  }
}
