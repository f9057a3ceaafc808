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
