package io.hubspoke.apiserver.serviceips;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.registry.Allocator;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.resources.ServicePorts;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.apiserver.store.Store.ConflictException;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives services of the types {@code NodePort} and {@code LoadBalancer} the ports that nodes open
 * for them and for load balancers' health checks, those they ask for if they do. One that is taken
 * has an entry in the store, which creates no key twice.
 */
public final class NodePorts implements Allocator {
  private static final Logger LOG = LoggerFactory.getLogger(NodePorts.class);
  private static final String PREFIX = "/registry/ranges/servicenodeports/";

  /** The real apiserver's default {@code --service-node-port-range}. */
  private static final int FIRST = 30_000;

  private static final int LAST = 32_767;

  private static final String TAKEN = "provided port is already allocated";

  /** How often a port is tried at random before the free ones are looked up. */
  private static final int RANDOM_TRIES = 8;

  private final Store store;

  public NodePorts(Store store) {
    this.store = store;
  }

  @Override
  public Future<Allocation> allocate(ObjectNode service, ObjectNode old, boolean dryRun) {
    Set<Integer> held = old == null ? Set.of() : heldBy(old);
    return new Round(service, held, dryRun).allocate();
  }

  /** Returns where it is written down which service has which port. */
  static Ledger ledger() {
    return new Ledger(
        PREFIX,
        service -> heldBy(service).stream().map(String::valueOf).collect(Collectors.toSet()),
        port -> Integer.parseInt(port) >= FIRST && Integer.parseInt(port) <= LAST,
        "portallocator-repair-controller",
        "Port",
        port -> "Port " + port,
        "the port range " + FIRST + "-" + LAST);
  }

  @Override
  public Future<Void> release(ObjectNode service) {
    return release(heldBy(service), Meta.uid(service));
  }

  /** Allocates for one write. */
  private final class Round {
    private final ObjectNode service;
    private final Set<Integer> held;
    private final boolean dryRun;
    private final String owner;
    private final Set<Integer> taken = new HashSet<>();

    /** The same port in two protocols has one number on the nodes. */
    private final Map<Integer, Integer> numbers = new HashMap<>();

    Round(ObjectNode service, Set<Integer> held, boolean dryRun) {
      this.service = service;
      this.held = held;
      this.dryRun = dryRun;
      this.owner = Meta.uid(service);
    }

    Future<Allocation> allocate() {
      Future<Void> all = Future.succeededFuture();
      if (opensPorts(service)) {
        for (int i = 0; i < ports(service).size(); i++) {
          int index = i;
          all = all.compose(v -> chosen(index));
        }
        all = all.compose(v -> chosenHealthCheck());
        for (JsonNode port : ports(service)) {
          all = all.compose(v -> any((ObjectNode) port));
        }
        all = all.compose(v -> anyHealthCheck());
      }
      return all.recover(e -> settle(taken).transform(released -> Future.<Void>failedFuture(e)))
          .map(v -> stored -> settle(stored ? superfluous() : taken));
    }

    private Future<Void> chosen(int index) {
      JsonNode port = ports(service).get(index);
      int number = port.path("nodePort").asInt();
      if (number == 0) {
        return Future.succeededFuture();
      }
      numbers.putIfAbsent(port.path("port").asInt(), number);
      return takeChosen(number, "spec.ports[" + index + "].nodePort");
    }

    /** The health check is a server of the node's own, which no port of the service can share. */
    private Future<Void> chosenHealthCheck() {
      int number = healthCheck(service);
      if (number == 0) {
        return Future.succeededFuture();
      }
      String field = "spec." + ServicePorts.HEALTH_CHECK;
      for (JsonNode port : ports(service)) {
        if (port.path("nodePort").asInt() == number) {
          return Future.failedFuture(refused(field, number, TAKEN));
        }
      }
      return takeChosen(number, field);
    }

    private Future<Void> takeChosen(int number, String field) {
      if (held.contains(number) || taken.contains(number)) {
        return Future.succeededFuture();
      }
      if (number < FIRST || number > LAST) {
        return Future.failedFuture(
            refused(
                field,
                number,
                "provided port is not in the valid range. The range of valid ports is "
                    + FIRST
                    + "-"
                    + LAST));
      }
      return take(number)
          .recover(
              e ->
                  Future.failedFuture(
                      e instanceof ConflictException ? refused(field, number, TAKEN) : e));
    }

    private Future<Void> any(ObjectNode port) {
      if (port.path("nodePort").asInt() != 0 || !wantsAny(service)) {
        return Future.succeededFuture();
      }
      int of = port.path("port").asInt();
      Integer known = numbers.get(of);
      return (known == null ? takeAny(RANDOM_TRIES) : Future.succeededFuture(known))
          .map(
              number -> {
                numbers.put(of, number);
                port.put("nodePort", number);
                return null;
              });
    }

    private Future<Void> anyHealthCheck() {
      ObjectNode spec = (ObjectNode) service.path("spec");
      if (!ServicePorts.hasHealthCheck(spec) || healthCheck(service) != 0) {
        return Future.succeededFuture();
      }
      return takeAny(RANDOM_TRIES)
          .map(
              number -> {
                spec.put(ServicePorts.HEALTH_CHECK, number);
                return null;
              });
    }

    private Future<Integer> takeAny(int tries) {
      Future<Integer> candidate =
          tries > 0
              ? Future.succeededFuture(ThreadLocalRandom.current().nextInt(FIRST, LAST + 1))
              : store.list(PREFIX, "", 0, 0).map(NodePorts::free);
      return candidate
          .compose(number -> take(number).map(number))
          .recover(
              e -> e instanceof ConflictException ? takeAny(tries - 1) : Future.failedFuture(e));
    }

    private Future<Void> take(int number) {
      String key = PREFIX + number;
      if (!dryRun) {
        return store.create(key, Buffer.buffer(owner)).map(entry -> note(number));
      }
      return store
          .get(key)
          .compose(
              entry ->
                  entry == null
                      ? Future.succeededFuture(note(number))
                      : Future.failedFuture(new ConflictException(key, entry)));
    }

    private Void note(int number) {
      taken.add(number);
      return null;
    }

    private Set<Integer> superfluous() {
      Set<Integer> gone = new HashSet<>(held);
      gone.removeAll(heldBy(service));
      return gone;
    }

    private Future<Void> settle(Set<Integer> gone) {
      return dryRun ? Future.succeededFuture() : release(gone, owner);
    }

    private RuntimeException refused(String field, int number, String why) {
      var cause = new Cause("FieldValueInvalid", "Invalid value: " + number + ": " + why, field);
      return Status.invalid(ResourceTable.SERVICES.type(), Meta.name(service), List.of(cause))
          .toException();
    }
  }

  /** A port that stays taken is a loss, no reason to fail what has been done already. */
  private Future<Void> release(Collection<Integer> numbers, String owner) {
    List<Future<Void>> all = new ArrayList<>();
    for (int number : numbers) {
      all.add(
          store
              .get(PREFIX + number)
              .compose(
                  entry ->
                      entry == null || !entry.value().toString().equals(owner)
                          ? Future.<Void>succeededFuture()
                          : store.delete(entry.key(), entry.revision()).<Void>mapEmpty())
              .recover(
                  e -> {
                    LOG.warn("node port {} could not be released: {}", number, e.getMessage());
                    return Future.succeededFuture();
                  }));
    }
    return Future.all(all).mapEmpty();
  }

  private static int free(Store.Page page) {
    Set<String> taken = new HashSet<>();
    page.entries().forEach(entry -> taken.add(entry.key().substring(PREFIX.length())));
    for (int number = FIRST; number <= LAST; number++) {
      if (!taken.contains(Integer.toString(number))) {
        return number;
      }
    }
    throw Status.internalError("failed to allocate a nodePort: range is full").toException();
  }

  private static Set<Integer> heldBy(ObjectNode service) {
    Set<Integer> held = new HashSet<>();
    if (opensPorts(service)) {
      ports(service).forEach(port -> held.add(port.path("nodePort").asInt()));
      held.add(healthCheck(service));
      held.remove(0);
    }
    return held;
  }

  /** Returns the port of the service's health check; 0 for none. */
  private static int healthCheck(ObjectNode service) {
    JsonNode spec = service.path("spec");
    return ServicePorts.hasHealthCheck(spec) ? spec.path(ServicePorts.HEALTH_CHECK).asInt() : 0;
  }

  private static JsonNode ports(ObjectNode service) {
    return service.path("spec").path("ports");
  }

  private static boolean opensPorts(ObjectNode service) {
    String type = service.path("spec").path("type").asText();
    return type.equals("NodePort") || type.equals("LoadBalancer");
  }

  /** Load balancers that reach pods without their nodes' help can do without ports there. */
  private static boolean wantsAny(ObjectNode service) {
    JsonNode spec = service.path("spec");
    return spec.path("type").asText().equals("NodePort")
        || spec.path("allocateLoadBalancerNodePorts").asBoolean(true);
  }
}
