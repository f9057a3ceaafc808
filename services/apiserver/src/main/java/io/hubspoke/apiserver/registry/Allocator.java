package io.hubspoke.apiserver.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Future;

/**
 * Allocates what an object needs beside its own entry in the store and shares with no other, such
 * as a service's address.
 */
public interface Allocator {
  /** Allocates nothing. */
  Allocator NONE =
      new Allocator() {
        @Override
        public Future<Allocation> allocate(ObjectNode object, ObjectNode old, boolean dryRun) {
          return Future.succeededFuture(stored -> Future.succeededFuture());
        }

        @Override
        public Future<Void> release(ObjectNode object) {
          return Future.succeededFuture();
        }
      };

  /**
   * Allocates what a valid object lacks and writes it into the object, just before it is stored.
   *
   * @param old what is replaced; null for a creation
   * @return fails with an {@code ApiException} when it can't be had; nothing is then allocated
   */
  Future<Allocation> allocate(ObjectNode object, ObjectNode old, boolean dryRun);

  /** Releases what an object held that is gone from the store. */
  Future<Void> release(ObjectNode object);

  /** Returns an allocator of what this one allocates and then of what the other one does. */
  default Allocator and(Allocator other) {
    Allocator first = this;
    return new Allocator() {
      @Override
      public Future<Allocation> allocate(ObjectNode object, ObjectNode old, boolean dryRun) {
        return first
            .allocate(object, old, dryRun)
            .compose(
                mine ->
                    other
                        .allocate(object, old, dryRun)
                        .<Allocation>map(
                            others ->
                                stored ->
                                    others.settle(stored).transform(done -> mine.settle(stored)))
                        .recover(
                            e ->
                                mine.settle(false)
                                    .transform(done -> Future.<Allocation>failedFuture(e))));
      }

      @Override
      public Future<Void> release(ObjectNode object) {
        return first.release(object).transform(done -> other.release(object));
      }
    };
  }

  /** What has been allocated for a write that is yet to be done. */
  @FunctionalInterface
  interface Allocation {
    /** Releases what is not needed any more: the new when the write failed, else the old. */
    Future<Void> settle(boolean stored);

    /** Returns a write's outcome after settling for it. */
    default <T> Future<T> around(Future<T> write) {
      return write.transform(done -> settle(done.succeeded()).transform(settled -> write));
    }
  }
}
