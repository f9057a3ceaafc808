package io.hubspoke.kubeproxy.health;

import io.hubspoke.api.Json;
import io.hubspoke.client.Item;
import io.hubspoke.kubeproxy.rules.LocalEndpoints;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells load balancers whether a node has endpoints of a service with externalTrafficPolicy Local,
 * at the service's healthCheckNodePort.
 */
public final class ServiceHealthServers {
  private static final Logger LOG = LoggerFactory.getLogger(ServiceHealthServers.class);

  private final Vertx vertx;
  private final ProxyHealth health;
  private final Map<SocketAddress, HttpListener> listeners = new HashMap<>();
  private final Map<Integer, LocalEndpoints> services = new ConcurrentHashMap<>();

  public ServiceHealthServers(Vertx vertx, ProxyHealth health) {
    this.vertx = vertx;
    this.health = health;
  }

  /** Serves for these services at these addresses of the node and no others. */
  public Future<Void> become(List<LocalEndpoints> wanted, List<InetAddress> node) {
    var byPort = new HashMap<Integer, LocalEndpoints>();
    for (var service : wanted) {
      var other = byPort.putIfAbsent(service.port(), service);
      if (other != null) {
        LOG.warn(
            "{}: the healthCheckNodePort {} is {}'s",
            service.service(),
            service.port(),
            other.service());
      }
    }
    services.keySet().retainAll(byPort.keySet());
    services.putAll(byPort);
    var addresses = new ArrayList<SocketAddress>();
    for (var port : byPort.keySet()) {
      for (var address : node) {
        addresses.add(SocketAddress.inetSocketAddress(port, address.getHostAddress()));
      }
    }
    var work = new ArrayList<Future<Void>>();
    listeners
        .entrySet()
        .removeIf(
            open -> {
              if (addresses.contains(open.getKey())) {
                return false;
              }
              work.add(open.getValue().close());
              return true;
            });
    for (var address : addresses) {
      if (!listeners.containsKey(address)) {
        var listener =
            new HttpListener(
                vertx, "service health", address, request -> answer(request, address.port()));
        listeners.put(address, listener);
        work.add(listener.bindInTheEnd());
      }
    }
    return Future.join(work).mapEmpty();
  }

  public Future<Void> stop() {
    return become(List.of(), List.of());
  }

  private void answer(HttpServerRequest request, int port) {
    var service = services.get(port);
    var local = service == null ? new LocalEndpoints(new Item.Key("", ""), port, 0) : service;
    var healthy = health.isHealthy();
    var body = Json.object();
    body.putObject("service")
        .put("namespace", local.service().namespace())
        .put("name", local.service().name());
    body.put("localEndpoints", local.count()).put("serviceProxyHealthy", healthy);
    request.response().putHeader("X-Load-Balancing-Endpoint-Weight", "" + local.count());
    HttpListener.answer(
        request, local.count() > 0 && healthy ? 200 : 503, "application/json", body.toString());
  }
}
