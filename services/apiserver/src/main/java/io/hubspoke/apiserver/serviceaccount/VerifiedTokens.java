package io.hubspoke.apiserver.serviceaccount;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Remembers what tokens say whose signature was verified, so that it is verified once. Whether such
 * a token still counts is asked anew each time. Only verified tokens come in, and the one that was
 * not shown for longest goes first, so a stranger can neither fill nor empty it. Thread-safe.
 */
final class VerifiedTokens {
  /** One that is bound to a pod with long names has 1,500; longer ones are verified each time. */
  private static final int LONGEST = 4096;

  private final Map<ByteBuffer, TokenClaims> byHash;

  /**
   * Makes an empty memory.
   *
   * @param most how many tokens it remembers; each takes about a kilobyte
   */
  VerifiedTokens(int most) {
    this.byHash =
        new LinkedHashMap<>(64, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<ByteBuffer, TokenClaims> eldest) {
            return size() > most;
          }
        };
  }

  /** Returns what the token says, or null when it is not remembered. */
  TokenClaims get(String token) {
    ByteBuffer hash = hash(token);
    synchronized (byHash) {
      return byHash.get(hash);
    }
  }

  void put(String token, TokenClaims claims) {
    if (token.length() > LONGEST) {
      return;
    }
    ByteBuffer hash = hash(token);
    synchronized (byHash) {
      byHash.put(hash, claims);
    }
  }

  void remove(String token) {
    ByteBuffer hash = hash(token);
    synchronized (byHash) {
      byHash.remove(hash);
    }
  }

  int size() {
    synchronized (byHash) {
      return byHash.size();
    }
  }

  /** The tokens themselves are not kept: who reads the memory must not find credentials in it. */
  private static ByteBuffer hash(String token) {
    try {
      return ByteBuffer.wrap(
              MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)))
          .asReadOnlyBuffer();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
