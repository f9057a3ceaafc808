package io.hubspoke.kubeproxy;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ControlLoop;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.EventRecorder.Regarding;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.kubeproxy.rules.RuleTable;
import io.hubspoke.kubeproxy.rules.ServicePortName;
import io.hubspoke.kubeproxy.rules.ServiceRule;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.net.InetAddress;
import java.time.Duration;
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
  private ApiClient client;
  private EventRecorder events;
  private Informer<Service> services;
  private Informer<EndpointSlice> slices;
  private Informer<Node> nodes;
  private ControlLoop<String> loop;
  private Proxier proxier;
  private List<ServiceRule> applied;
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
        .eventually(proxier::stop)
        .eventually(client::close);
  }

  private void changed() {
    if (synced) {
      loop.add(RULES);
    }
  }

  private void nodeChanged(NodeNews.State now) {
    table.zone(now.zone());
    changed();
  }

  /** Has the proxier forward by what is known now. */
  private Duration apply() {
    var rules = table.rules();
    var addresses = nodeAddresses();
    if (rules == applied && addresses.equals(appliedAt)) {
      return Duration.ZERO;
    }
    var began = System.nanoTime();
    proxier.apply(rules).await();
    applied = rules;
    appliedAt = addresses;
    var took = Duration.ofNanos(System.nanoTime() - began);
    LOG.debug("{}: {} rules in {} ms", options.nodeName(), rules.size(), took.toMillis());
    return pause();
  }

  /** Waits as long as is wanted between two changes, while more may come. */
  private Duration pause() {
    if (options.minSyncPeriod().isPositive()) {
      var rest = io.vertx.core.Promise.<Void>promise();
      vertx.setTimer(options.minSyncPeriod().toMillis(), id -> rest.complete());
      rest.future().await();
    }
    return Duration.ZERO;
  }

  private List<InetAddress> nodeAddresses() {
    return options.asksForAddress()
        ? node.state().addresses()
        : List.of(InetAddress.ofLiteral(options.bindAddress()));
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

  private final class ServiceNews implements Informer.Handler<Service> {
    @Override
    public void added(Item<Service> item) {
      table.put(item.object());
      changed();
    }

    @Override
    public void updated(Item<Service> before, Item<Service> now) {
      added(now);
    }

    @Override
    public void deleted(Item<Service> last) {
      table.removeService(last.key().namespace(), last.key().name());
      changed();
    }
  }

  private final class SliceNews implements Informer.Handler<EndpointSlice> {
    @Override
    public void added(Item<EndpointSlice> item) {
      table.put(item.object());
      changed();
    }

    @Override
    public void updated(Item<EndpointSlice> before, Item<EndpointSlice> now) {
      added(now);
    }

    @Override
    public void deleted(Item<EndpointSlice> last) {
      table.removeSlice(last.key().namespace(), last.key().name());
      changed();
    }
  }
}
