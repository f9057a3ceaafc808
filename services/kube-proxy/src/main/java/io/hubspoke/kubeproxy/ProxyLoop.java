package io.hubspoke.kubeproxy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.kubeproxy.health.ProxyHealth;
import io.hubspoke.kubeproxy.health.ProxyServers;
import io.hubspoke.kubeproxy.health.ServiceHealthServers;
import io.hubspoke.kubeproxy.metrics.ProxyMetrics;
import io.hubspoke.kubeproxy.rules.LocalEndpoints;
import io.hubspoke.kubeproxy.rules.RuleTable;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows services and endpoint slices, and has the proxier forward by them: what changes meanwhile
 * is taken up together, and one change of rules is done before the next begins. Nothing is
 * forwarded before everything is known, so that a restart takes nothing away that is right.
 */
final class ProxyLoop extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(ProxyLoop.class);
  private static final String COMPONENT = "kube-proxy";

  /** Set by the slice controller. */
  private static final String TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time";

  /** The one thing that is brought in line. */
  private static final String RULES = "rules";

  private static final Resource<EndpointSlice> ENDPOINT_SLICES =
      Resource.namespaced("discovery.k8s.io", "v1", "endpointslices", EndpointSlice.class);

  /** As the real one selects: what is headless, or another proxy's, isn't even sent. */
  private static final ListOptions OURS =
      ListOptions.ALL.withLabelSelector(
          "!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name");

  private final KubeProxyOptions options;
  private final ProxierFactory proxiers;
  private final RuleTable table;
  private final NodeNews node = new NodeNews(this::nodeChanged);
  private final ProxyMetrics metrics = new ProxyMetrics();
  private final ProxyHealth health = new ProxyHealth(Clock.systemUTC(), metrics);
  private ServiceHealthServers serviceHealth;
  private ProxyServers servers;
  private ApiClient client;
  private EventRecorder events;
  private Informer<Service> services;
  private Informer<EndpointSlice> slices;
  private Informer<Node> nodes;
  private ControlLoop<String> loop;
  private Proxier proxier;
  private List<ServiceRule> applied;
  private List<LocalEndpoints> told = List.of();
  private List<InetAddress> appliedAt = List.of();
  private boolean synced;

  ProxyLoop(KubeProxyOptions options, ProxierFactory proxiers) {
    this.options = options;
    this.proxiers = proxiers;
    this.table = new RuleTable(options.nodeName());
  }

  @Override
  public Future<?> start() {
    client = new ApiClient(vertx, options.client().withUserAgent(COMPONENT + "/v1.33.0"));
    events = new EventRecorder(client, COMPONENT, options.nodeName());
    proxier =
        proxiers
            .create(
                new ProxierFactory.Surroundings(vertx, options, this::nodeAddresses, this::warn))
            .await();
    proxier.start().await();
    serviceHealth = new ServiceHealthServers(vertx, health);
    servers = new ProxyServers(vertx, options, health, metrics, proxier::mode, this::settings);
    servers.start().await();
    loop = new ControlLoop<>(COMPONENT, context, 1, key -> apply());
    services =
        new Informer<>(client, Resource.SERVICES, OURS, context).addHandler(new ServiceNews());
    slices = new Informer<>(client, ENDPOINT_SLICES, OURS, context).addHandler(new SliceNews());
    nodes =
        new Informer<>(
                client,
                Resource.NODES,
                ListOptions.ALL.withFieldSelector("metadata.name=" + options.nodeName()),
                context)
            .addHandler(node);
    Future.all(services.start(), slices.start(), nodes.start())
        .onSuccess(
            all -> {
              synced = true;
              changed();
            });
    return Future.succeededFuture();
  }

  @Override
  public Future<?> stop() {
    // First nobody tells of changes any more, then the last one ends, then what forwards goes.
    return Future.join(services.stop(), slices.stop(), nodes.stop())
        .eventually(loop::stop)
        .eventually(serviceHealth::stop)
        .eventually(servers::stop)
        .eventually(proxier::stop)
        .eventually(client::close);
  }

  private void changed() {
    if (synced) {
      health.queued();
      metrics.queued();
      loop.add(RULES);
    }
  }

  private void nodeChanged(NodeNews.State now) {
    table.zone(now.zone());
    health.nodeEligible(now.eligible());
    changed();
  }

  /** Has the proxier forward by what is known now. */
  private Duration apply() {
    var rules = table.rules();
    var local = table.localEndpoints();
    var addresses = nodeAddresses();
    var changes = metrics.taken();
    var began = System.nanoTime();
    try {
      if (rules != applied || !addresses.equals(appliedAt)) {
        proxier.apply(rules).await();
      }
      if (local != told || !addresses.equals(appliedAt)) {
        serviceHealth.become(local, addresses).await();
      }
    } catch (RuntimeException e) {
      metrics.failed(changes);
      throw e;
    }
    applied = rules;
    told = local;
    appliedAt = addresses;
    var took = Duration.ofNanos(System.nanoTime() - began);
    metrics.synced(took, changes);
    // What came meanwhile has been queued anew, and is done next.
    health.updated();
    LOG.debug("{}: {} rules in {} ms", options.nodeName(), rules.size(), took.toMillis());
    return pause();
  }

  /** Waits as long as is wanted between two changes, while more may come. */
  private Duration pause() {
    if (options.filter().minSyncPeriod().isPositive()) {
      var rest = io.vertx.core.Promise.<Void>promise();
      vertx.setTimer(options.filter().minSyncPeriod().toMillis(), id -> rest.complete());
      rest.future().await();
    }
    return Duration.ZERO;
  }

  private List<InetAddress> nodeAddresses() {
    return options.asksForAddress()
        ? node.state().addresses()
        : List.of(InetAddress.ofLiteral(options.bindAddress()));
  }

  /** Returns what {@code /configz} shows: the settings in use, and no credentials. */
  private ObjectNode settings() {
    var settings = Json.object();
    var config = settings.putObject("kubeproxy.config.k8s.io");
    config.put("kind", "KubeProxyConfiguration").put("mode", proxier.mode());
    config.put("hostnameOverride", options.nodeName()).put("bindAddress", options.bindAddress());
    config.put("clusterCIDR", options.clusterCidr());
    options.healthz().ifPresent(at -> config.put("healthzBindAddress", at.toString()));
    options.metrics().ifPresent(at -> config.put("metricsBindAddress", at.toString()));
    var ranges = config.putArray("nodePortAddresses");
    options.nodePortAddresses().forEach(ranges::add);
    return settings;
  }

  private void warn(ServicePortName name, String reason, String message) {
    LOG.warn("{}: {}", name, message);
    context.runOnContext(
        v -> {
          var service = services.get(name.namespace(), name.service());
          if (service != null) {
            events.warning(Regarding.of(service), reason, message);
          }
        });
  }

  private void serviceChanged() {
    metrics.serviceChanged();
    changed();
  }

  private void endpointsChanged(EndpointSlice slice) {
    metrics.endpointsChanged(trigger(slice));
    changed();
  }

  /** Returns when that happened which the slice controller reacted to; null when it doesn't say. */
  private static Instant trigger(EndpointSlice slice) {
    var annotations = slice.getMetadata().getAnnotations();
    var time = annotations == null ? null : annotations.get(TRIGGER);
    try {
      return time == null ? null : Instant.parse(time);
    } catch (DateTimeParseException e) {
      return null;
    }
  }

  private final class ServiceNews implements Informer.Handler<Service> {
    @Override
    public void added(Item<Service> item) {
      table.put(item.object());
      serviceChanged();
    }

    @Override
    public void updated(Item<Service> before, Item<Service> now) {
      added(now);
    }

    @Override
    public void deleted(Item<Service> last) {
      table.removeService(last.key().namespace(), last.key().name());
      serviceChanged();
    }
  }

  private final class SliceNews implements Informer.Handler<EndpointSlice> {
    @Override
    public void added(Item<EndpointSlice> item) {
      table.put(item.object());
      endpointsChanged(item.object());
    }

    @Override
    public void updated(Item<EndpointSlice> before, Item<EndpointSlice> now) {
      added(now);
    }

    @Override
    public void deleted(Item<EndpointSlice> last) {
      table.removeSlice(last.key().namespace(), last.key().name());
      endpointsChanged(last.object());
    }
  }
}
