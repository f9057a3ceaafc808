package io.hubspoke.runtime;

import java.nio.ByteBuffer;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * The chains that were found to be good lately, so that a client that connects again and again has
 * the signatures on its certificate verified once: in Java one costs more than all else of a
 * handshake. That it has the key is shown anew each time. Who is refused is not kept. Thread-safe.
 */
final class AcceptedChains {
  private static final int MOST = 512;

  /** Enough for a few certificates; what else a client sends along with them may be anything. */
  private static final int LARGEST_BYTES = 16 << 10;

  private record Chain(String type, List<ByteBuffer> certificates) {}

  /** When the first certificate of each ends; the one least lately used is first. */
  private final LinkedHashMap<Chain, Instant> ends = new LinkedHashMap<>(16, 0.75f, true);

  private final int most;

  AcceptedChains() {
    this(MOST);
  }

  AcceptedChains(int most) {
    this.most = most;
  }

  /**
   * Returns whether this very chain was accepted and is still valid.
   *
   * @param now the time
   */
  boolean has(X509Certificate[] chain, String type, Instant now)
      throws CertificateEncodingException {
    var key = key(chain, type);
    synchronized (ends) {
      Instant end = ends.get(key);
      return end != null && !now.isAfter(end);
    }
  }

  /** Notes one that was found good, unless it takes much to remember. */
  void add(X509Certificate[] chain, String type) throws CertificateEncodingException {
    var key = key(chain, type);
    if (key.certificates.stream().mapToInt(ByteBuffer::capacity).sum() > LARGEST_BYTES) {
      return;
    }
    var end = Instant.MAX;
    for (var certificate : chain) {
      var notAfter = certificate.getNotAfter().toInstant();
      end = notAfter.isBefore(end) ? notAfter : end;
    }
    synchronized (ends) {
      ends.put(key, end);
      if (ends.size() > most) {
        ends.pollFirstEntry();
      }
    }
  }

  private static Chain key(X509Certificate[] chain, String type)
      throws CertificateEncodingException {
    var certificates = new ArrayList<ByteBuffer>(chain.length);
    for (var certificate : chain) {
      certificates.add(ByteBuffer.wrap(certificate.getEncoded()));
    }
    return new Chain(type, certificates);
  }
}
