package io.hubspoke.controllermanager.garbagecollection;

import io.hubspoke.client.ObjectMetadata.OwnerReference;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** An object in the graph; guarded by it. */
final class Node {
  ObjectReference reference;
  List<OwnerReference> owners = List.of();
  final Set<Node> dependents = new LinkedHashSet<>();

  /** Whether an informer has shown it; before, it is known by a reference to it alone. */
  boolean observed;

  boolean deleting;

  /** Whether it waits for its dependents to be deleted (foreground deletion). */
  boolean deletingDependents;

  /** Whether it waits for its dependents to forget it. */
  boolean orphaning;

  Node(ObjectReference reference) {
    this.reference = reference;
  }

  /** Returns whether the owner's foreground deletion waits for this object. */
  boolean blocks(Node owner) {
    return owners.stream().anyMatch(ref -> ref.blocks() && ref.uid().equals(owner.reference.uid()));
  }
}
