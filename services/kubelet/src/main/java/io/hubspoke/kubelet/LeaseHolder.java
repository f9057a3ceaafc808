package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.time.Instant;
import java.util.UUID;

/**
 * Which run of a kubelet renews a lease. All runs for one node have the same {@code
 * holderIdentity}, so that an annotation of Hubspoke's own tells them apart.
 *
 * @param mark when it started, and a random part; empty for a kubelet that doesn't say
 */
record LeaseHolder(String mark) {
  private static final String ANNOTATION = "hubspoke.io/kubelet-started";

  static LeaseHolder now() {
    return new LeaseHolder(Times.micros(Instant.now()) + " " + UUID.randomUUID());
  }

  /** Reads who renewed a lease last. */
  static LeaseHolder of(ObjectNode lease) {
    return new LeaseHolder(Meta.annotations(lease).getOrDefault(ANNOTATION, ""));
  }

  /** Returns whether this one started later than another, of which it is known. */
  boolean isAfter(LeaseHolder other) {
    return !other.mark.isEmpty() && mark.compareTo(other.mark) > 0;
  }

  /** Notes in a lease's metadata that this one renews it. */
  void sign(ObjectNode metadata) {
    metadata.withObject("/annotations").put(ANNOTATION, mark);
  }
}
