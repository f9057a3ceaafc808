package io.hubspoke.apiserver.serviceips;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.apiserver.store.Store.ConflictException;
import io.hubspoke.apiserver.store.Store.Entry;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what is written down as taken in line with what services hold, as the real apiserver's
 * repair loops do: a crash between two writes, or a hand in the store, may have parted them. What
 * only the services' owners can put right is reported.
 */
final class LedgerRepair {
  private static final Logger LOG = LoggerFactory.getLogger(LedgerRepair.class);

  /** As often is an entry found without a service before it is freed: one may be on its way. */
  private static final int LEAK_ROUNDS = 3;

  /** Reports what is wrong with a service. */
  interface Reports {
    void warn(String component, ObjectNode service, String reason, String message);
  }

  private record Problem(String uid, String item, String reason) {}

  private final Store store;
  private final Ledger ledger;
  private final Supplier<Collection<ObjectNode>> services;
  private final Reports reports;
  private Map<String, Integer> leaks = new HashMap<>();
  private Set<Problem> known = new HashSet<>();

  LedgerRepair(
      Store store, Ledger ledger, Supplier<Collection<ObjectNode>> services, Reports reports) {
    this.store = store;
    this.ledger = ledger;
    this.services = services;
    this.reports = reports;
  }

  /** Goes through all services and all entries once. */
  Future<Void> run() {
    return store.list(ledger.prefix(), "", 0, 0).compose(page -> new Round(page).run());
  }

  /** One look at everything. */
  private final class Round {
    private final Map<String, Entry> entries = new HashMap<>();
    private final Map<String, Set<String>> holders = new HashMap<>();
    private final Set<Problem> problems = new HashSet<>();
    private Future<Void> repairs = Future.succeededFuture();

    Round(Store.Page page) {
      page.entries()
          .forEach(entry -> entries.put(entry.key().substring(ledger.prefix().length()), entry));
    }

    Future<Void> run() {
      var all =
          services.get().stream()
              .sorted(
                  Comparator.comparing(
                          (ObjectNode service) -> Meta.text(service, "creationTimestamp"))
                      .thenComparing(Meta::uid))
              .toList();
      for (var service : all) {
        for (var item : ledger.heldBy().apply(service)) {
          holders.computeIfAbsent(item, k -> new HashSet<>()).add(Meta.uid(service));
        }
      }
      for (var service : all) {
        ledger.heldBy().apply(service).forEach(item -> check(service, item));
      }
      freeLeaks();
      return repairs.onSuccess(done -> known = problems);
    }

    private void check(ObjectNode service, String item) {
      if (!ledger.inRange().test(item)) {
        report(
            service,
            item,
            "OutOfRange",
            " is not within " + ledger.range() + "; please recreate service");
        return;
      }
      var entry = entries.get(item);
      if (entry == null) {
        then(() -> take(service, item));
        return;
      }
      var owner = entry.value().toString();
      if (owner.equals(Meta.uid(service))) {
        return;
      }
      if (holders.get(item).contains(owner)) {
        assignedTwice(service, item);
        return;
      }
      then(
          () ->
              store
                  .update(entry.key(), Buffer.buffer(Meta.uid(service)), entry.revision())
                  .map(
                      taken -> {
                        report(service, item, "NotAllocated", " is not allocated; repairing");
                        return null;
                      }));
    }

    private Future<Void> take(ObjectNode service, String item) {
      return store
          .create(ledger.prefix() + item, Buffer.buffer(Meta.uid(service)))
          .map(
              taken -> {
                report(service, item, "NotAllocated", " is not allocated; repairing");
                return (Void) null;
              })
          .recover(
              e -> {
                if (!(e instanceof ConflictException taken)) {
                  return Future.failedFuture(e);
                }
                // Either the service was made since the entries were read, or another was quicker.
                if (taken.current() != null
                    && !taken.current().value().toString().equals(Meta.uid(service))) {
                  assignedTwice(service, item);
                }
                return Future.succeededFuture();
              });
    }

    private void assignedTwice(ObjectNode service, String item) {
      report(
          service,
          item,
          "AlreadyAllocated",
          " was assigned to multiple services; please recreate service");
    }

    private void freeLeaks() {
      var leaked = new HashMap<String, Integer>();
      for (var entry : entries.entrySet()) {
        if (holders.containsKey(entry.getKey())) {
          continue;
        }
        int rounds = leaks.getOrDefault(entry.getKey(), 0) + 1;
        if (rounds < LEAK_ROUNDS) {
          leaked.put(entry.getKey(), rounds);
        } else {
          LOG.warn("{} has leaked and is freed", ledger.named().apply(entry.getKey()));
          then(
              () ->
                  store
                      .delete(entry.getValue().key(), entry.getValue().revision())
                      .<Void>mapEmpty());
        }
      }
      leaks = leaked;
    }

    /** One after the other: what is damaged is little, and nobody waits for it. */
    private void then(Supplier<Future<Void>> repair) {
      repairs =
          repairs.compose(
              done ->
                  repair
                      .get()
                      .recover(
                          e ->
                              e instanceof ConflictException
                                  ? Future.succeededFuture()
                                  : Future.failedFuture(e)));
    }

    private void report(ObjectNode service, String item, String reason, String what) {
      var problem = new Problem(Meta.uid(service), item, reason);
      problems.add(problem);
      if (!known.contains(problem)) {
        reports.warn(
            ledger.component(),
            service,
            ledger.reason() + reason,
            ledger.named().apply(item) + what);
      }
    }
  }
}
