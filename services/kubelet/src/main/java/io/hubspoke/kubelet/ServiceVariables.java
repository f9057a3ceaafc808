package io.hubspoke.kubelet;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Tells containers by their environment where services are (Kubernetes documentation, "Discovering
 * services"): {@code kubernetes} always, those of the pod's namespace where {@code
 * enableServiceLinks} wants them. Services are watched from the first container on.
 */
final class ServiceVariables {
  private static final String MASTER_NAMESPACE = "default";
  private static final String MASTER = "kubernetes";

  /** How long a container waits for the first list. */
  private static final long FIRST_LIST_SECONDS = 2;

  private final Informer<Service> informer;

  /**
   * What pods of a namespace are told, which is the same for all of them until a service changes.
   */
  private final Map<String, Map<String, String>> told = new HashMap<>();

  private boolean started;

  /**
   * Watches nothing yet.
   *
   * @param context of virtual threads
   */
  ServiceVariables(ApiClient client, Context context) {
    informer =
        new Informer<>(client, Resource.SERVICES, ListOptions.ALL, context)
            .addHandler(new Changes());
  }

  private synchronized Future<Void> listed() {
    if (!started) {
      started = true;
      return informer.start();
    }
    return informer.hasSynced();
  }

  /** Stops watching. */
  Future<Void> stop() {
    return informer.stop();
  }

  /**
   * Returns the variables of a pod's containers, waiting for the first list of services. A static
   * pod goes without where the apiserver is away.
   */
  Map<String, String> of(Pod pod) throws ContainerEnvironment.ConfigException {
    try {
      listed().timeout(FIRST_LIST_SECONDS, TimeUnit.SECONDS).await();
    } catch (Exception e) {
      Map<String, String> annotations = pod.getMetadata().getAnnotations();
      if (annotations == null || !annotations.containsKey(StaticPod.SOURCE)) {
        throw new ContainerEnvironment.ConfigException(
            "services have not yet been read at least once, cannot construct envvars");
      }
    }
    String namespace = pod.getMetadata().getNamespace();
    boolean links = !Boolean.FALSE.equals(pod.getSpec().getEnableServiceLinks());
    return of(links ? namespace : "");
  }

  private synchronized Map<String, String> of(String namespace) {
    return told.computeIfAbsent(namespace, this::describe);
  }

  /** Describes the services of a namespace, and kubernetes; of none when it is empty. */
  private Map<String, String> describe(String namespace) {
    Map<String, Service> seen = new TreeMap<>();
    Service master = informer.get(MASTER_NAMESPACE, MASTER);
    if (master != null) {
      seen.put(MASTER, master);
    }
    for (Item<Service> item : informer.items()) {
      Service service = item.object();
      if (service.getMetadata().getNamespace().equals(namespace)) {
        seen.put(service.getMetadata().getName(), service);
      }
    }
    Map<String, String> variables = new LinkedHashMap<>();
    seen.forEach((name, service) -> describe(service, variables));
    return Map.copyOf(variables);
  }

  private final class Changes implements Informer.Handler<Service> {
    @Override
    public void added(Item<Service> item) {
      forget();
    }

    @Override
    public void updated(Item<Service> before, Item<Service> now) {
      forget();
    }

    @Override
    public void deleted(Item<Service> last) {
      forget();
    }

    private void forget() {
      synchronized (ServiceVariables.this) {
        told.clear();
      }
    }
  }

  private static void describe(Service service, Map<String, String> variables) {
    String ip = service.getSpec().getClusterIP();
    // Headless services and those of type ExternalName have no address to tell.
    if (ip == null || ip.isEmpty() || ip.equals("None") || service.getSpec().getPorts().isEmpty()) {
      return;
    }
    String name = variable(service.getMetadata().getName());
    ServicePort first = service.getSpec().getPorts().getFirst();
    variables.put(name + "_SERVICE_HOST", ip);
    variables.put(name + "_SERVICE_PORT", String.valueOf(first.getPort()));
    variables.put(name + "_PORT", url(ip, first));
    for (ServicePort port : service.getSpec().getPorts()) {
      if (port.getName() != null && !port.getName().isEmpty()) {
        variables.put(
            name + "_SERVICE_PORT_" + variable(port.getName()), String.valueOf(port.getPort()));
      }
      String link = name + "_PORT_" + port.getPort() + "_" + protocol(port);
      variables.put(link, url(ip, port));
      variables.put(link + "_PROTO", protocol(port).toLowerCase(Locale.ROOT));
      variables.put(link + "_PORT", String.valueOf(port.getPort()));
      variables.put(link + "_ADDR", ip);
    }
  }

  private static String url(String ip, ServicePort port) {
    String host = ip.contains(":") ? "[" + ip + "]" : ip;
    return protocol(port).toLowerCase(Locale.ROOT) + "://" + host + ":" + port.getPort();
  }

  private static String protocol(ServicePort port) {
    return port.getProtocol() == null ? "TCP" : port.getProtocol();
  }

  private static String variable(String name) {
    return name.toUpperCase(Locale.ROOT).replace('-', '_');
  }
}
