package io.hubspoke.apiserver.admission;

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

  /** Asks each in turn. */
  static Admission chain(List<Admission> links) {
    List<Admission> all = List.copyOf(links);
    return request -> all.forEach(link -> link.admit(request));
  }
}
