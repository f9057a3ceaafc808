package io.hubspoke.apiserver.serviceips;

import io.hubspoke.api.AddressRange;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.apiserver.store.Store.ConflictException;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Gives out the addresses of an IPv4 range but its first and last. One that is taken has an entry
 * in the store, which creates no key twice, so that of all who want it, at this server or another,
 * one gets it.
 *
 * <p>Addresses that nobody chose come from the range's upper part as long as it has any; the lower
 * part is for those that are chosen (Kubernetes, "Service ClusterIP allocation").
 */
final class AddressPool {
  static final String PREFIX = "/registry/ranges/serviceips/";

  /** How often an address is tried at random before the free ones are looked up. */
  private static final int RANDOM_TRIES = 8;

  private final Store store;
  private final long base;
  private final int size;
  private final int firstDynamic;

  /** The address belongs to somebody. */
  static final class TakenException extends RuntimeException {
    TakenException() {
      super("provided IP is already allocated", null, false, false);
    }
  }

  /** Every address belongs to somebody. */
  static final class FullException extends RuntimeException {
    FullException() {
      super("range is full", null, false, false);
    }
  }

  /**
   * @throws IllegalArgumentException when the range is not of IPv4, or smaller than the eight
   *     addresses that the real apiserver asks for
   */
  AddressPool(Store store, AddressRange range) {
    if (range.base().getAddress().length != 4 || range.bits() < 4 || range.bits() > 29) {
      throw new IllegalArgumentException(
          "--service-cluster-ip-range: must be an IPv4 range with a prefix of 4 to 29 bits, is "
              + range);
    }
    int addresses = 1 << (32 - range.bits());
    this.store = store;
    this.base = toLong(range.base()) & -(long) addresses;
    this.size = addresses - 2;
    int reserved = Math.min(Math.max(16, addresses / 16), 256);
    this.firstDynamic = reserved < size ? reserved + 1 : 1;
  }

  boolean contains(InetAddress address) {
    if (address.getAddress().length != 4) {
      return false;
    }
    long offset = toLong(address) - base;
    return offset >= 1 && offset <= size;
  }

  /** Takes an address; fails with {@link TakenException} when somebody has it. */
  Future<String> take(String address, String owner) {
    return store
        .create(PREFIX + address, Buffer.buffer(owner))
        .map(address)
        .recover(
            e -> Future.failedFuture(e instanceof ConflictException ? new TakenException() : e));
  }

  /** Tells whether an address could be taken, as {@link #take} does. */
  Future<String> check(String address) {
    return store
        .get(PREFIX + address)
        .compose(
            entry ->
                entry == null
                    ? Future.succeededFuture(address)
                    : Future.failedFuture(new TakenException()));
  }

  /** Takes any address; fails with {@link FullException} when all are taken. */
  Future<String> takeAny(String owner) {
    return takeAny(owner, RANDOM_TRIES);
  }

  /** Returns an address that could be taken. */
  Future<String> anyFree() {
    return store.list(PREFIX, "", 0, 0).map(AddressPool::taken).map(this::free);
  }

  /** Releases an address if the owner has it. */
  Future<Void> release(String address, String owner) {
    return store
        .get(PREFIX + address)
        .compose(
            entry ->
                entry == null || !entry.value().toString().equals(owner)
                    ? Future.succeededFuture()
                    : store.delete(entry.key(), entry.revision()).mapEmpty());
  }

  private Future<String> takeAny(String owner, int tries) {
    Future<String> candidate =
        tries > 0
            ? Future.succeededFuture(
                address(ThreadLocalRandom.current().nextInt(firstDynamic, size + 1)))
            : anyFree();
    return candidate
        .compose(address -> take(address, owner))
        .recover(
            e -> e instanceof TakenException ? takeAny(owner, tries - 1) : Future.failedFuture(e));
  }

  private String free(Set<String> taken) {
    int dynamic = size + 1 - firstDynamic;
    int start = ThreadLocalRandom.current().nextInt(dynamic);
    for (int i = 0; i < dynamic; i++) {
      String address = address(firstDynamic + (start + i) % dynamic);
      if (!taken.contains(address)) {
        return address;
      }
    }
    for (int offset = firstDynamic - 1; offset >= 1; offset--) {
      if (!taken.contains(address(offset))) {
        return address(offset);
      }
    }
    throw new FullException();
  }

  private static Set<String> taken(Store.Page page) {
    Set<String> taken = new HashSet<>();
    page.entries().forEach(entry -> taken.add(entry.key().substring(PREFIX.length())));
    return taken;
  }

  private String address(int offset) {
    try {
      byte[] bytes = ByteBuffer.allocate(4).putInt((int) (base + offset)).array();
      return InetAddress.getByAddress(bytes).getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  private static long toLong(InetAddress address) {
    return Integer.toUnsignedLong(ByteBuffer.wrap(address.getAddress()).getInt());
  }
}
