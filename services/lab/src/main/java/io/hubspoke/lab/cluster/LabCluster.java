package io.hubspoke.lab.cluster;

import com.hazelcast.config.Config;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.instance.impl.HazelcastInstanceFactory;
import io.hubspoke.cluster.MemberPort;
import io.hubspoke.cluster.PeerContext;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.spi.cluster.NodeListener;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;

/**
 * This process as a member of a lab cluster: a clustered event bus, whose members find each other
 * by Hazelcast. Both ports take members alone, by mutual TLS. Methods block.
 */
public final class LabCluster implements AutoCloseable {
  private static final String NAME = "hubspoke-lab";
  private static final String NODE_ID = "__vertx.nodeId";
  private static final int CONNECT_MILLIS = 5_000;

  /** When a silent member is taken for gone; one whose process ends is noticed at once. */
  static final Duration SUSPECTED = Duration.ofSeconds(20);

  /** The members keep a few lines of who listens to what: little is enough. */
  private static final Map<String, String> PROPERTIES =
      Map.ofEntries(
          Map.entry("hazelcast.partition.count", "11"),
          Map.entry("hazelcast.operation.thread.count", "2"),
          Map.entry("hazelcast.operation.generic.thread.count", "2"),
          Map.entry("hazelcast.io.thread.count", "2"),
          Map.entry("hazelcast.event.thread.count", "1"),
          Map.entry("hazelcast.heartbeat.interval.seconds", "1"),
          Map.entry("hazelcast.max.no.heartbeat.seconds", String.valueOf(SUSPECTED.toSeconds())),
          Map.entry("hazelcast.connection.monitor.max.faults", "1"),
          Map.entry("hazelcast.connection.monitor.interval", "50"),
          Map.entry("hazelcast.wait.seconds.before.join", "0"),
          Map.entry("hazelcast.max.join.seconds", "15"),
          Map.entry("hazelcast.socket.connect.timeout.seconds", "5"));

  private final HazelcastInstance instance;
  private final HazelcastClusterManager manager;
  private final Vertx vertx;
  private final AtomicBoolean closed = new AtomicBoolean();

  private LabCluster(HazelcastInstance instance, HazelcastClusterManager manager, Vertx vertx) {
    this.instance = instance;
    this.manager = manager;
    this.vertx = vertx;
  }

  /**
   * Begins a lab cluster, which others join at this address.
   *
   * @throws IOException when it can't listen there
   */
  public static LabCluster begin(LabAddress own, LabKeys keys) throws IOException {
    var bound = resolved("--lab-address", own);
    try {
      return start(Ports.of(bound), null, keys);
    } catch (RuntimeException e) {
      throw new IOException("--lab-address " + own + ": " + Component.reason(e), e);
    }
  }

  /**
   * Joins a lab cluster.
   *
   * @param own where this member listens, on any port
   * @throws IOException when there is none, or it doesn't let this one in
   */
  public static LabCluster join(LabAddress own, LabAddress lab, LabKeys keys) throws IOException {
    var bound = resolved("--lab-address", own);
    var target = resolved("--join", lab);
    try {
      keys.members().probe(target, CONNECT_MILLIS);
    } catch (SSLException | SocketTimeoutException e) {
      throw new IOException(
          "what listens at %s is no lab cluster of these --lab-keys: %s"
              .formatted(lab, Component.reason(e)),
          e);
    } catch (IOException e) {
      throw new IOException(
          "no lab cluster at %s: %s (hubspoke scale --lab-address begins one)"
              .formatted(lab, Component.reason(e)),
          e);
    }
    LabCluster cluster;
    try {
      cluster = start(Ports.of(bound), target, keys);
    } catch (RuntimeException e) {
      throw new IOException("cannot join the lab cluster at " + lab + ": " + e.getMessage(), e);
    }
    if (cluster.isAlone()) {
      cluster.close();
      throw new IOException(
          "the lab cluster at " + lab + " does not let this member in; its log says why");
    }
    return cluster;
  }

  private static InetSocketAddress resolved(String flag, LabAddress address) throws IOException {
    try {
      var host = address.resolve();
      if (host.isAnyLocalAddress()) {
        throw new IOException(flag + " " + address + ": must be one address, not all");
      }
      return new InetSocketAddress(host, address.port());
    } catch (UnknownHostException e) {
      throw new IOException(flag + " " + address + ": no such host", e);
    }
  }

  /**
   * Where a member is.
   *
   * @param bound where it listens
   * @param advertised where others find it
   * @param bus the port of its event bus, on both addresses; 0 for any
   */
  record Ports(InetSocketAddress bound, InetSocketAddress advertised, int bus) {
    static Ports of(InetSocketAddress bound) {
      return new Ports(bound, bound, bound.getPort() == 0 ? 0 : bound.getPort() + 1);
    }
  }

  /**
   * Starts a member.
   *
   * @param lab whom it joins; null to be the first
   */
  static LabCluster start(Ports ports, InetSocketAddress lab, LabKeys keys) throws IOException {
    // Asked for before the configuration is.
    System.setProperty("hazelcast.logging.type", "slf4j");
    var id = UUID.randomUUID().toString();
    var config = new Config();
    config.setClusterName(NAME);
    config.setInstanceName(NAME + "-" + id);
    PROPERTIES.forEach(config::setProperty);
    config.getMemberAttributeConfig().setAttribute(NODE_ID, id);
    MemberPort.open(config, ports.bound(), ports.advertised());
    var members = config.getAdvancedNetworkConfig().getJoin().getTcpIpConfig().setEnabled(true);
    if (lab != null) {
      members.addMember(lab.getAddress().getHostAddress() + ":" + lab.getPort());
    }
    var instance =
        HazelcastInstanceFactory.newHazelcastInstance(
            config, config.getInstanceName(), new PeerContext(keys.members()));
    var manager = new HazelcastClusterManager(instance);
    try {
      var vertx = Component.await(clustered(manager, ports, keys));
      refuseClasses(vertx.eventBus());
      return new LabCluster(instance, manager, vertx);
    } catch (Exception e) {
      instance.getLifecycleService().terminate();
      throw new IOException(Component.reason(e), e);
    }
  }

  private static Future<Vertx> clustered(
      HazelcastClusterManager manager, Ports ports, LabKeys keys) {
    var bus =
        keys.eventBus()
            .setHost(ports.bound().getAddress().getHostAddress())
            .setPort(ports.bus())
            .setClusterPublicHost(ports.advertised().getAddress().getHostAddress());
    return Vertx.builder()
        .with(Component.options().setEventBusOptions(bus))
        .withClusterManager(manager)
        .buildClustered();
  }

  /** Messages are bytes; a class that a message names is never made. */
  private static void refuseClasses(EventBus bus) {
    bus.clusterSerializableChecker(name -> false).serializableChecker(name -> false);
  }

  EventBus bus() {
    return vertx.eventBus();
  }

  Vertx vertx() {
    return vertx;
  }

  /** Returns how the cluster names this member. */
  public String id() {
    return manager.getNodeId();
  }

  boolean isAlone() {
    return instance.getCluster().getMembers().size() < 2;
  }

  /** Returns the port that was bound. */
  public int port() {
    return instance.getCluster().getLocalMember().getAddress().getPort();
  }

  /** Tells from now on of members that have left, by their names. */
  void onLeft(Consumer<String> left) {
    manager.nodeListener(
        new NodeListener() {
          @Override
          public void nodeAdded(String id) {}

          @Override
          public void nodeLeft(String id) {
            left.accept(id);
          }
        });
  }

  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    try {
      Component.await(vertx.close());
    } catch (Exception e) {
      // What is still open ends with the process.
    }
    // Nothing that it keeps is worth handing over.
    instance.getLifecycleService().terminate();
  }
}
