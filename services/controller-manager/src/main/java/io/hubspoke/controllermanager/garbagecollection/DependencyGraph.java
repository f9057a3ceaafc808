package io.hubspoke.controllermanager.garbagecollection;

import io.hubspoke.client.ObjectMetadata;
import io.hubspoke.client.ObjectMetadata.OwnerReference;
import io.hubspoke.controllermanager.discovery.ServedResource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * Who owns whom, by UID, kept current by what informers show. Each event costs in proportion to the
 * owners and dependents of its object. An owner that no informer has shown is in the graph as well,
 * until nobody refers to it. Thread-safe; says by UID what is to be looked at.
 */
final class DependencyGraph {
  static final String ORPHAN = "orphan";
  static final String FOREGROUND = "foregroundDeletion";

  private final Map<String, Node> nodes = new HashMap<>();
  private final Consumer<String> attemptToDelete;
  private final Consumer<String> attemptToOrphan;
  private final BiConsumer<ObjectReference, ObjectReference> invalidOwner;

  /** A node as it was when somebody looked. */
  record View(
      ObjectReference reference,
      boolean observed,
      boolean deleting,
      boolean deletingDependents,
      boolean orphaning,
      List<Dependent> dependents) {}

  /**
   * A dependent as it was when somebody looked.
   *
   * @param blocking whether the owner's foreground deletion waits for it
   */
  record Dependent(ObjectReference reference, boolean blocking, boolean deletingDependents) {}

  /**
   * @param attemptToDelete told the UID of what may have lost its owners
   * @param attemptToOrphan told the UID of what its dependents are to forget
   * @param invalidOwner told of a dependent, and of the owner in another namespace that it names
   */
  DependencyGraph(
      Consumer<String> attemptToDelete,
      Consumer<String> attemptToOrphan,
      BiConsumer<ObjectReference, ObjectReference> invalidOwner) {
    this.attemptToDelete = attemptToDelete;
    this.attemptToOrphan = attemptToOrphan;
    this.invalidOwner = invalidOwner;
  }

  /** Returns what is known of an object, null when nothing is. */
  synchronized View view(String uid) {
    Node node = nodes.get(uid);
    if (node == null) {
      return null;
    }
    List<Dependent> dependents = new ArrayList<>(node.dependents.size());
    for (Node dependent : node.dependents) {
      dependents.add(
          new Dependent(dependent.reference, dependent.blocks(node), dependent.deletingDependents));
    }
    return new View(
        node.reference,
        node.observed,
        node.deleting,
        node.deletingDependents,
        node.orphaning,
        dependents);
  }

  synchronized int size() {
    return nodes.size();
  }

  /** Takes in an object's present state. */
  synchronized void observe(ServedResource type, ObjectMetadata object) {
    var reference =
        new ObjectReference(
            type.apiVersion(), type.kind(), object.namespace(), object.name(), object.uid());
    Node node = nodes.computeIfAbsent(object.uid(), uid -> new Node(reference));
    if (!node.observed) {
      node.reference = reference;
      node.observed = true;
      checkReferencesTo(node);
    }
    change(node, object.ownerReferences());
    node.deleting |= object.deleting();
    boolean orphaning = object.deleting() && object.finalizers().contains(ORPHAN);
    boolean foreground = object.deleting() && object.finalizers().contains(FOREGROUND);
    if (orphaning && !node.orphaning) {
      attemptToOrphan.accept(object.uid());
    }
    if (foreground && !node.deletingDependents) {
      node.dependents.forEach(dependent -> attemptToDelete.accept(dependent.reference.uid()));
      attemptToDelete.accept(object.uid());
    }
    node.orphaning = orphaning;
    node.deletingDependents = foreground;
  }

  /** Takes out an object that is gone. */
  synchronized void remove(String uid) {
    Node node = nodes.get(uid);
    if (node == null || !node.observed) {
      return;
    }
    node.observed = false;
    node.deleting = false;
    node.deletingDependents = false;
    node.orphaning = false;
    for (OwnerReference owner : node.owners) {
      detach(node, owner.uid());
      Node known = nodes.get(owner.uid());
      if (known != null && known.deletingDependents) {
        attemptToDelete.accept(owner.uid());
      }
    }
    node.owners = List.of();
    node.dependents.forEach(dependent -> attemptToDelete.accept(dependent.reference.uid()));
    forgetIfUnused(node);
  }

  /** Has everybody looked at who refers to an object that turned out not to exist. */
  synchronized void absent(String uid) {
    Node node = nodes.get(uid);
    if (node != null && !node.observed) {
      node.dependents.forEach(dependent -> attemptToDelete.accept(dependent.reference.uid()));
    }
  }

  private void change(Node node, List<OwnerReference> owners) {
    if (owners.equals(node.owners)) {
      return;
    }
    Set<String> before = new HashSet<>();
    Set<String> released = new HashSet<>();
    for (OwnerReference owner : node.owners) {
      before.add(owner.uid());
      if (owner.blocks()) {
        released.add(owner.uid());
      }
    }
    Set<String> after = new HashSet<>();
    for (OwnerReference owner : owners) {
      after.add(owner.uid());
      if (owner.blocks()) {
        released.remove(owner.uid());
      }
    }
    node.owners = owners;
    for (OwnerReference owner : owners) {
      if (!before.contains(owner.uid())) {
        attach(node, owner);
      }
    }
    before.stream().filter(uid -> !after.contains(uid)).forEach(uid -> detach(node, uid));
    // Whom it kept from going may go on now.
    released.stream().filter(nodes::containsKey).forEach(attemptToDelete);
  }

  private void attach(Node node, OwnerReference reference) {
    Node owner =
        nodes.computeIfAbsent(
            reference.uid(),
            uid -> new Node(ObjectReference.of(reference, node.reference.namespace())));
    owner.dependents.add(node);
    if (owner.observed) {
      check(node, owner, reference);
    } else {
      // Perhaps it doesn't exist: whoever looks asks the apiserver.
      attemptToDelete.accept(reference.uid());
      if (!owner.reference.isMeantBy(reference, node.reference.namespace())) {
        attemptToDelete.accept(node.reference.uid());
      }
    }
  }

  private void detach(Node node, String ownerUid) {
    Node owner = nodes.get(ownerUid);
    if (owner != null) {
      owner.dependents.remove(node);
      forgetIfUnused(owner);
    }
  }

  private void forgetIfUnused(Node node) {
    if (!node.observed && node.dependents.isEmpty()) {
      nodes.remove(node.reference.uid());
    }
  }

  private void checkReferencesTo(Node owner) {
    for (Node dependent : owner.dependents) {
      for (OwnerReference reference : dependent.owners) {
        if (reference.uid().equals(owner.reference.uid())) {
          check(dependent, owner, reference);
        }
      }
    }
  }

  /** A reference with the right UID and another name or namespace means nobody. */
  private void check(Node dependent, Node owner, OwnerReference reference) {
    String namespace = dependent.reference.namespace();
    String owners = owner.reference.namespace();
    if (!owners.isEmpty() && !owners.equals(namespace)) {
      invalidOwner.accept(dependent.reference, ObjectReference.of(reference, namespace));
    }
    if (!owner.reference.isMeantBy(reference, namespace)) {
      attemptToDelete.accept(dependent.reference.uid());
    }
  }
}
