package io.hubspoke.apiserver.admission;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;

/** Judges a write after authorization and before it is stored; may change the object. */
@FunctionalInterface
public interface Admission {
  /** Admits everything. */
  Admission ALWAYS = request -> {};

  /**
   * Returns when the write may go on.
   *
   * @throws io.hubspoke.api.ApiException mostly 403, when it may not
   */
  void admit(AdmissionRequest request);

  /** Completes when a creation can be judged: what it needs may be on its way. */
  default Future<Void> ready(AdmissionRequest request) {
    return Future.succeededFuture();
  }

  /**
   * Has webhooks change an object that is to be stored, once {@link #admit} has let it pass.
   * Completes with what it is to be, which is to be admitted again, or with nothing when nobody
   * changed it.
   */
  default Future<Optional<ObjectNode>> mutate(AdmissionRequest request) {
    return Future.succeededFuture(Optional.empty());
  }

  /** Has webhooks judge an object as it is about to be stored; fails when one refuses. */
  default Future<Void> validate(AdmissionRequest request) {
    return Future.succeededFuture();
  }

  /**
   * Has webhooks change and judge what is no object to be stored: a deletion, a connection, a
   * review. Completes with what is to be done instead, or with nothing when nobody changed it.
   */
  default Future<Optional<ObjectNode>> review(AdmissionRequest request) {
    return Future.succeededFuture(Optional.empty());
  }

  /** Returns whether there is any webhook. */
  default boolean hasWebhooks() {
    return false;
  }

  /** Returns an admission that asks another one before. */
  default Admission after(Admission first) {
    return chain(List.of(first, this));
  }

  /** Asks each in turn; none of them has webhooks. */
  static Admission chain(List<Admission> links) {
    List<Admission> all = List.copyOf(links);
    return new Admission() {
      @Override
      public void admit(AdmissionRequest request) {
        all.forEach(link -> link.admit(request));
      }

      @Override
      public Future<Void> ready(AdmissionRequest request) {
        Future<Void> ready = Future.succeededFuture();
        for (Admission link : all) {
          ready =
              ready.isComplete() ? link.ready(request) : ready.compose(v -> link.ready(request));
        }
        return ready;
      }
    };
  }
}
