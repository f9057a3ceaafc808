package io.hubspoke.apiserver.kubernetesservice;

import io.hubspoke.api.Json;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.apiserver.store.Store.ConflictException;
import io.hubspoke.apiserver.store.Store.Entry;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which replicas run: each has an entry in the store they share, under its address, and writes it
 * anew now and then. One that stays as it is for too long has run out. How long is measured by who
 * looks, from when it saw the last change, so that no two clocks need agree.
 */
final class MasterLeases {
  private static final Logger LOG = LoggerFactory.getLogger(MasterLeases.class);
  static final String PREFIX = "/registry/masterleases/";

  private record Seen(long revision, long nanos) {}

  private final Store store;
  private final String address;
  private final Duration life;
  private final LongSupplier nanos;
  private final Map<String, Seen> seen = new HashMap<>();

  MasterLeases(Store store, String address, Duration life, LongSupplier nanos) {
    this.store = store;
    this.address = address;
    this.life = life;
    this.nanos = nanos;
  }

  /** Makes or renews the lease of this replica. */
  Future<Void> renew() {
    var value = Json.object().put("ip", address).put("renewTime", Instant.now().toString());
    var bytes = Buffer.buffer(Json.bytes(value));
    var key = PREFIX + address;
    return store
        .get(key)
        .compose(
            entry ->
                entry == null
                    ? store.create(key, bytes)
                    : store.update(key, bytes, entry.revision()))
        .mapEmpty();
  }

  /** Ends the lease of this replica. */
  Future<Void> remove() {
    return store.get(PREFIX + address).compose(this::delete);
  }

  /** Returns the addresses of the replicas that run; the leases of others that ran out go. */
  Future<List<String>> addresses() {
    return store.list(PREFIX, "", 0, 0).compose(page -> alive(page.entries()));
  }

  private Future<List<String>> alive(List<Entry> entries) {
    var alive = new ArrayList<String>();
    var ends = new ArrayList<Future<Void>>();
    Set<String> present = new HashSet<>();
    for (var entry : entries) {
      present.add(entry.key());
      var known = seen.get(entry.key());
      if (known == null || known.revision != entry.revision()) {
        known = new Seen(entry.revision(), nanos.getAsLong());
        seen.put(entry.key(), known);
      }
      var holder = entry.key().substring(PREFIX.length());
      if (nanos.getAsLong() - known.nanos <= life.toNanos()) {
        alive.add(holder);
      } else {
        LOG.info("apiserver {} has not renewed its lease and is taken for gone", holder);
        ends.add(delete(entry));
      }
    }
    seen.keySet().retainAll(present);
    return Future.join(ends).<List<String>>map(alive);
  }

  /** One that was renewed or ended meanwhile stays as it is. */
  private Future<Void> delete(Entry entry) {
    return entry == null
        ? Future.succeededFuture()
        : store
            .delete(entry.key(), entry.revision())
            .<Void>mapEmpty()
            .recover(
                e ->
                    e instanceof ConflictException
                        ? Future.succeededFuture()
                        : Future.failedFuture(e));
  }
}
