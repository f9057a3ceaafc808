package io.hubspoke.apiserver.serviceips;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.AddressRange;
import io.hubspoke.api.Meta;
import io.hubspoke.api.Status;
import io.hubspoke.api.Status.Cause;
import io.hubspoke.apiserver.registry.Allocator;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.serviceips.AddressPool.FullException;
import io.hubspoke.apiserver.serviceips.AddressPool.TakenException;
import io.hubspoke.apiserver.store.Store;
import io.vertx.core.Future;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gives services their {@code clusterIP}, the one they ask for if they do. */
public final class ServiceAddresses implements Allocator {
  private static final Logger LOG = LoggerFactory.getLogger(ServiceAddresses.class);
  private static final String HEADLESS = "None";

  private final AddressPool pool;
  private final String range;

  /**
   * @param range {@code --service-cluster-ip-range}
   * @throws IllegalArgumentException when it is not a range of IPv4 addresses, or too small
   */
  public ServiceAddresses(Store store, String range) {
    this.pool = new AddressPool(store, AddressRange.parse(range));
    this.range = range;
  }

  @Override
  public Future<Allocation> allocate(ObjectNode service, ObjectNode old, boolean dryRun) {
    String held = old == null ? "" : heldBy(old);
    String wanted = heldBy(service);
    if (!wanted.isEmpty() && wanted.equals(held)) {
      return Allocator.NONE.allocate(service, old, dryRun);
    }
    String owner = Meta.uid(service);
    return address(service, wanted, owner, dryRun)
        .map(
            address ->
                stored -> {
                  String superfluous = stored ? held : address;
                  return dryRun || superfluous.isEmpty()
                      ? Future.succeededFuture()
                      : release(superfluous, owner);
                });
  }

  /** Returns where it is written down which service has which address. */
  Ledger ledger() {
    return new Ledger(
        AddressPool.PREFIX,
        service -> {
          String address = heldBy(service);
          return address.isEmpty() ? Set.of() : Set.of(address);
        },
        this::isInRange,
        "ipallocator-repair-controller",
        "ClusterIP",
        address -> "Cluster IP [" + (address.contains(":") ? "IPv6" : "IPv4") + "]:" + address,
        "any configured Service CIDR");
  }

  @Override
  public Future<Void> release(ObjectNode service) {
    String address = heldBy(service);
    return address.isEmpty() ? Future.succeededFuture() : release(address, Meta.uid(service));
  }

  /** Takes the address that a service wants and sets it; empty when it is to have none. */
  private Future<String> address(ObjectNode service, String wanted, String owner, boolean dryRun) {
    JsonNode spec = service.path("spec");
    if (!wanted.isEmpty()) {
      if (!pool.contains(InetAddress.ofLiteral(wanted))) {
        String why =
            "the provided IP ("
                + wanted
                + ") is not in the valid range. The range of valid IPs is "
                + range;
        return Future.failedFuture(refused(service, wanted, why));
      }
      Future<String> taken = dryRun ? pool.check(wanted) : pool.take(wanted, owner);
      return taken.recover(
          e ->
              Future.failedFuture(
                  e instanceof TakenException ? refused(service, wanted, e.getMessage()) : e));
    }
    if (isExternal(spec) || spec.path("clusterIP").asText("").equals(HEADLESS)) {
      return Future.succeededFuture("");
    }
    Future<String> any = dryRun ? pool.anyFree() : pool.takeAny(owner);
    return any.map(
            address -> {
              ((ObjectNode) spec).put("clusterIP", address).putArray("clusterIPs").add(address);
              return address;
            })
        .recover(
            e ->
                Future.failedFuture(
                    e instanceof FullException
                        ? Status.internalError("failed to allocate a serviceIP: " + e.getMessage())
                            .toException()
                        : e));
  }

  private boolean isInRange(String address) {
    try {
      return pool.contains(InetAddress.ofLiteral(address));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** Returns a service's address, empty when it has none. */
  private static String heldBy(ObjectNode service) {
    JsonNode spec = service.path("spec");
    String address = spec.path("clusterIP").asText("");
    return isExternal(spec) || address.equals(HEADLESS) ? "" : address;
  }

  private static boolean isExternal(JsonNode spec) {
    return spec.path("type").asText("").equals("ExternalName");
  }

  /** An address that stays taken is a loss, no reason to fail what has been done already. */
  private Future<Void> release(String address, String owner) {
    return pool.release(address, owner)
        .recover(
            e -> {
              LOG.warn("service address {} could not be released: {}", address, e.getMessage());
              return Future.succeededFuture();
            });
  }

  private static RuntimeException refused(ObjectNode service, String address, String why) {
    var cause =
        new Cause(
            "FieldValueInvalid",
            "Invalid value: []string{\""
                + address
                + "\"}: failed to allocate IP "
                + address
                + ": "
                + why,
            "spec.clusterIPs");
    return Status.invalid(ResourceTable.SERVICES.type(), Meta.name(service), List.of(cause))
        .toException();
  }
}
