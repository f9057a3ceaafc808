package io.hubspoke.apiserver.admission;

import io.vertx.core.Future;
import java.util.List;

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

  /** Asks each in turn. */
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
