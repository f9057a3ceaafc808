package io.hubspoke.kubelet.server;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/** What metrics tell of a certificate that is renewed. Thread-safe. */
public final class CertificateLife {
  private final AtomicLong failures = new AtomicLong();
  private volatile Instant end;
  private volatile boolean followed;

  /** Notes when the certificate ends; null while there is none. */
  public void endsAt(Instant time) {
    end = time;
    followed = true;
  }

  /** Counts a renewal that was refused, or not answered. */
  public void renewalFailed() {
    failures.incrementAndGet();
  }

  /** Returns whether anybody renews it. */
  boolean isFollowed() {
    return followed;
  }

  /** Returns its seconds left, fewer than none once it has expired; infinite without one. */
  double secondsLeft() {
    Instant at = end;
    return at == null
        ? Double.POSITIVE_INFINITY
        : (double) Duration.between(Instant.now(), at).toSeconds();
  }

  long failures() {
    return failures.get();
  }
}
