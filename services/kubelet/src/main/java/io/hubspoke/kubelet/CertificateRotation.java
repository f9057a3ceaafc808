package io.hubspoke.kubelet;

import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Backoff;
import io.hubspoke.kubelet.server.CertificateLife;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.vertx.core.Context;
import java.io.IOException;
import java.net.InetAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews a certificate before it ends, by a CertificateSigningRequest ("Configure Certificate
 * Rotation for the Kubelet"). Goes on with the one there is while no other is to be had.
 */
final class CertificateRotation {
  private static final Logger LOG = LoggerFactory.getLogger(CertificateRotation.class);

  /** Of signers that date certificates back, those that live shorter than this end on time. */
  private static final Duration SHORT_LIVED = Duration.ofHours(8);

  /** Looks at the clock as often, since it may be set. */
  private static final Duration LONGEST_SLEEP = Duration.ofMinutes(10);

  /** Waits for an answer as long as the real kubelet does. */
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(15);

  /** What an answer may take, on a busy machine too. */
  private static final Duration ANSWER = Duration.ofSeconds(5);

  private static final Duration FIRST_RETRY = Duration.ofSeconds(2);

  /**
   * What is asked for.
   *
   * @param name of it, for people
   */
  record Wanted(
      String name, Subject subject, SubjectAltNames altNames, String signer, List<String> usages) {
    /** RFC 5280, {@code GeneralName}. */
    private static final int DNS_NAME = 2;

    private static final int IP_ADDRESS = 7;

    /** Returns whether a certificate says what is wanted; what is wanted may change. */
    boolean isMetBy(X509Certificate certificate) {
      Subject found = Subject.of(certificate);
      return found.commonName().equals(subject.commonName())
          && found.organizations().containsAll(subject.organizations())
          && names(certificate).containsAll(altNames.dnsNames())
          && names(certificate).containsAll(altNames.ipAddresses());
    }

    /** Returns names as texts, and addresses. */
    private static Set<Object> names(X509Certificate certificate) {
      Set<Object> names = new HashSet<>();
      try {
        Collection<List<?>> found = certificate.getSubjectAlternativeNames();
        for (List<?> name : found == null ? List.<List<?>>of() : found) {
          switch ((Integer) name.getFirst()) {
            case DNS_NAME -> names.add(name.getLast());
            case IP_ADDRESS -> names.add(InetAddress.ofLiteral((String) name.getLast()));
            default -> {}
          }
        }
      } catch (CertificateParsingException malformed) {
        // It has no names, then.
      }
      return names;
    }
  }

  /** Gets a certificate once the present one has expired, or returns null to ask with that. */
  interface Rescue {
    Identity request(Lifetime lifetime)
        throws CertificateRequester.RefusedException, IOException, TimeoutException;
  }

  private final String nodeName;
  private final Wanted wanted;
  private final CertificateStore store;
  private final ApiClient client;
  private final Rescue rescue;
  private final Consumer<Identity> issued;
  private final CertificateLife life;
  private X509Certificate planned;
  private Instant deadline;

  /**
   * Makes a rotation.
   *
   * @param client asks, as the node
   * @param issued gets each new certificate
   * @param life gets told how long it lives, and of failures
   */
  CertificateRotation(
      String nodeName,
      Wanted wanted,
      CertificateStore store,
      ApiClient client,
      Rescue rescue,
      Consumer<Identity> issued,
      CertificateLife life) {
    this.nodeName = nodeName;
    this.wanted = wanted;
    this.store = store;
    this.client = client;
    this.rescue = rescue;
    this.issued = issued;
    this.life = life;
  }

  /**
   * Goes on until the kubelet ends; waits, so it runs on a virtual thread.
   *
   * @param held gives the certificate there is, or null
   */
  void run(Supplier<X509Certificate> held, Context context, Lifetime lifetime) {
    Backoff backoff = null;
    while (!lifetime.ended()) {
      X509Certificate now = held.get();
      life.endsAt(now == null ? null : now.getNotAfter().toInstant());
      Duration left = untilRenewal(now);
      if (left.isPositive()) {
        lifetime.sleep(left.compareTo(LONGEST_SLEEP) < 0 ? left : LONGEST_SLEEP);
        continue;
      }
      if (renew(now, context, lifetime)) {
        backoff = null;
      } else if (!lifetime.ended()) {
        backoff = backoff == null ? backoff(now) : backoff;
        lifetime.sleep(backoff.next());
      }
    }
  }

  private Duration untilRenewal(X509Certificate held) {
    if (held == null || !wanted.isMetBy(held)) {
      return Duration.ZERO;
    }
    if (!held.equals(planned)) {
      planned = held;
      deadline = deadline(held, ThreadLocalRandom.current().nextDouble());
    }
    return Duration.between(Instant.now(), deadline);
  }

  /**
   * Returns when to renew: after 70 to 90 % of the life, so that nodes that joined together don't
   * renew together. Of a short life, the time that it was dated back is no part, and the last
   * seconds are left for getting an answer.
   *
   * @param chance between 0 and 1
   */
  static Instant deadline(X509Certificate certificate, double chance) {
    Instant begin = certificate.getNotBefore().toInstant();
    Instant end = certificate.getNotAfter().toInstant();
    Instant signed = begin.plus(CertificateProfile.BACKDATE);
    if (signed.isBefore(end) && Duration.between(signed, end).compareTo(SHORT_LIVED) < 0) {
      begin = signed;
    }
    long life = Duration.between(begin, end).toMillis();
    long wait = (long) (life * (7 + 2 * chance) / 10);
    return begin.plusMillis(Math.min(wait, Math.max(life / 2, life - ANSWER.toMillis())));
  }

  /** A short life leaves no time for long waits. */
  private static Backoff backoff(X509Certificate held) {
    long left =
        held == null
            ? 0
            : Duration.between(Instant.now(), held.getNotAfter().toInstant()).toMillis();
    long first = Math.clamp(left / 10, 200, FIRST_RETRY.toMillis());
    return new Backoff(Duration.ofMillis(first), Duration.ofMillis(first * 16));
  }

  private boolean renew(X509Certificate held, Context context, Lifetime lifetime) {
    boolean expired = held != null && held.getNotAfter().toInstant().isBefore(Instant.now());
    try {
      Identity identity = null;
      if (expired) {
        LOG.warn("{}: the {} has expired", nodeName, wanted.name);
        identity = rescue.request(lifetime);
      }
      if (identity == null) {
        var pending = store.pending(wanted.subject, wanted.altNames);
        identity =
            new CertificateRequester(client, context, lifetime)
                .request(pending, wanted.signer, wanted.usages, patience(held, expired));
      }
      keep(identity);
      issued.accept(identity);
      LOG.info(
          "{}: {} {}, valid until {}",
          nodeName,
          wanted.name,
          held == null ? "issued" : "renewed",
          identity.certificate().getNotAfter().toInstant());
      return true;
    } catch (CertificateRequester.RefusedException e) {
      forget();
      failed(e);
    } catch (Exception e) {
      // Future.await throws what the future failed with: refusals, time-outs, lost connections.
      failed(e);
    }
    return false;
  }

  /** Once the present certificate has ended, somebody else has to be asked, or in another way. */
  private static Duration patience(X509Certificate held, boolean expired) {
    if (held == null || expired) {
      return LONGEST_WAIT;
    }
    Duration left = Duration.between(Instant.now(), held.getNotAfter().toInstant());
    Duration least = Duration.ofSeconds(1);
    left = left.compareTo(least) < 0 ? least : left;
    return left.compareTo(LONGEST_WAIT) < 0 ? left : LONGEST_WAIT;
  }

  /** What can't be kept is used all the same, and asked for again after a restart. */
  private void keep(Identity identity) {
    try {
      store.replace(identity);
    } catch (IOException e) {
      LOG.error("{}: cannot keep the {}: {}", nodeName, wanted.name, Component.reason(e));
    }
  }

  private void forget() {
    try {
      store.dropPending();
    } catch (IOException e) {
      LOG.warn("{}: {}", nodeName, Component.reason(e));
    }
  }

  private void failed(Exception e) {
    life.renewalFailed();
    LOG.warn("{}: no new {} yet: {}", nodeName, wanted.name, Component.reason(e));
  }
}
