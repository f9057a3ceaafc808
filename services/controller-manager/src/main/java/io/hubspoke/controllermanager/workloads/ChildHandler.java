package io.hubspoke.controllermanager.workloads;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.hubspoke.api.LabelSelector;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Has the owner worked on when something that it controls changes, or that it might adopt, and
 * tells its expectations what came and went.
 */
public final class ChildHandler<O extends HasMetadata, C extends HasMetadata>
    implements Informer.Handler<C> {
  private final String kind;
  private final Informer<O> owners;
  private final Function<O, LabelSelector> selector;
  private final Expectations expectations;
  private final Consumer<Item.Key> work;

  /**
   * Makes a handler for the informer of the children.
   *
   * @param kind the owners'
   * @param work such as a control loop's {@code add}
   */
  public ChildHandler(
      String kind,
      Informer<O> owners,
      Function<O, LabelSelector> selector,
      Expectations expectations,
      Consumer<Item.Key> work) {
    this.kind = kind;
    this.owners = owners;
    this.selector = selector;
    this.expectations = expectations;
    this.work = work;
  }

  @Override
  public void added(Item<C> item) {
    if (item.object().getMetadata().getDeletionTimestamp() != null) {
      // The first list of a controller that starts shows what is on its way out as well.
      deleted(item);
      return;
    }
    var owner = ControllerReference.of(item.object());
    if (owner == null) {
      offer(item.object());
    } else if (isChild(item, owner)) {
      // One that names an owner elsewhere is none of those that are waited for.
      expectations.created(owner.getUid());
      workOn(owner, item);
    }
  }

  @Override
  public void updated(Item<C> before, Item<C> now) {
    var old = ControllerReference.of(before.object());
    var owner = ControllerReference.of(now.object());
    if (now.object().getMetadata().getDeletionTimestamp() != null && owner != null) {
      // It counts as gone from here on, however long its end takes.
      expectations.deleted(owner.getUid(), now.uid());
    }
    var changed = old != null && (owner == null || !old.getUid().equals(owner.getUid()));
    if (changed) {
      workOn(old, before);
    }
    if (owner != null) {
      workOn(owner, now);
    } else if (changed || !sameLabels(before.object(), now.object())) {
      offer(now.object());
    }
  }

  @Override
  public void deleted(Item<C> last) {
    var owner = ControllerReference.of(last.object());
    if (owner != null) {
      expectations.deleted(owner.getUid(), last.uid());
      workOn(owner, last);
    }
  }

  private static boolean sameLabels(HasMetadata one, HasMetadata other) {
    return Objects.equals(one.getMetadata().getLabels(), other.getMetadata().getLabels());
  }

  private void workOn(OwnerReference owner, Item<C> child) {
    if (isChild(child, owner)) {
      work.accept(new Item.Key(child.key().namespace(), owner.getName()));
    }
  }

  /** Returns whether what an object names as its owner is one, in the object's own namespace. */
  private boolean isChild(Item<C> child, OwnerReference owner) {
    if (!kind.equals(owner.getKind())) {
      return false;
    }
    var known = owners.get(child.key().namespace(), owner.getName());
    return known != null && known.getMetadata().getUid().equals(owner.getUid());
  }

  /** Has everybody look who might adopt it. */
  private void offer(C orphan) {
    var metadata = orphan.getMetadata();
    for (var owner : owners.items()) {
      if (owner.key().namespace().equals(metadata.getNamespace())
          && selector.apply(owner.object()).matches(metadata.getLabels())) {
        work.accept(owner.key());
      }
    }
  }
}
