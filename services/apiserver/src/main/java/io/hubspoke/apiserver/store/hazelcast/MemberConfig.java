package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.config.Config;
import com.hazelcast.config.DiscoveryStrategyConfig;
import com.hazelcast.config.EvictionPolicy;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MergePolicyConfig;
import com.hazelcast.config.SplitBrainProtectionConfig;
import com.hazelcast.splitbrainprotection.SplitBrainProtectionOn;
import io.hubspoke.apiserver.store.ClusterOptions;
import io.hubspoke.cluster.MemberPort;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.function.Supplier;

/** How a member is set up: one map of one partition, and nothing that anybody else could use. */
final class MemberConfig {
  static final String MAP = "store";
  static final String KEY = "state";
  static final String EXECUTOR = "questions";
  private static final String CLUSTER = "hubspoke-store";
  private static final String PROTECTION = "majority";

  /**
   * What was measured to serve: a member whose process ends is noticed at once by its connections,
   * one that is silent after ten seconds (five suspected live ones under load); and a backup that
   * does not acknowledge fails the change instead of being forgotten.
   */
  private static final Map<String, String> PROPERTIES =
      Map.ofEntries(
          Map.entry("hazelcast.operation.fail.on.indeterminate.state", "true"),
          Map.entry("hazelcast.operation.backup.timeout.millis", "1500"),
          Map.entry("hazelcast.operation.call.timeout.millis", "10000"),
          Map.entry("hazelcast.partition.count", "1"),
          Map.entry("hazelcast.partition.backup.sync.interval", "1"),
          Map.entry("hazelcast.partition.table.send.interval", "2"),
          Map.entry("hazelcast.heartbeat.interval.seconds", "1"),
          Map.entry("hazelcast.max.no.heartbeat.seconds", "10"),
          Map.entry("hazelcast.connection.monitor.max.faults", "1"),
          Map.entry("hazelcast.connection.monitor.interval", "50"),
          Map.entry("hazelcast.invocation.retry.pause.millis", "50"),
          Map.entry("hazelcast.socket.connect.timeout.seconds", "2"),
          Map.entry("hazelcast.merge.first.run.delay.seconds", "5"),
          Map.entry("hazelcast.merge.next.run.delay.seconds", "5"),
          Map.entry("hazelcast.wait.seconds.before.join", "0"),
          Map.entry("hazelcast.graceful.shutdown.max.wait", "5"),
          Map.entry("hazelcast.discovery.enabled", "true"),
          // With two a connection to a member that stands still starved that to a healthy one.
          Map.entry("hazelcast.io.thread.count", "8"));

  private MemberConfig() {}

  static Config of(ClusterOptions options, Supplier<Replica> replica) {
    Config config = new Config();
    config.setClusterName(CLUSTER);
    // Hazelcast keeps members of one name in a JVM apart by it; nobody else sees it.
    config.setInstanceName(CLUSTER + "-" + options.listenAddress() + "-" + options.listenPort());
    PROPERTIES.forEach(config::setProperty);
    network(config, options);
    config.getSerializationConfig().addDataSerializableFactory(Types.FACTORY, new Types(replica));
    MapConfig map =
        new MapConfig(MAP)
            .setInMemoryFormat(InMemoryFormat.OBJECT)
            // As many as Hazelcast keeps, so that every member has a copy to read and watch.
            .setBackupCount(ClusterOptions.MOST_REPLICAS - 1)
            .setAsyncBackupCount(0)
            .setStatisticsEnabled(false)
            .setPerEntryStatsEnabled(false)
            .setEvictionConfig(
                new MapConfig(MAP).getEvictionConfig().setEvictionPolicy(EvictionPolicy.NONE))
            .setMergePolicyConfig(new MergePolicyConfig().setPolicy(NewestState.class.getName()));
    // A member alone has nobody to be cut off from, and Hazelcast no protection for it.
    if (options.majority() > 1) {
      config.addSplitBrainProtectionConfig(
          new SplitBrainProtectionConfig(PROTECTION, true)
              .setMinimumClusterSize(options.majority())
              .setProtectOn(SplitBrainProtectionOn.READ_WRITE));
      map.setSplitBrainProtectionName(PROTECTION);
    }
    config.addMapConfig(map);
    config.getExecutorConfig(EXECUTOR).setPoolSize(8).setStatisticsEnabled(false);
    return config;
  }

  private static void network(Config config, ClusterOptions options) {
    var address = new InetSocketAddress(options.listenAddress(), options.listenPort());
    MemberPort.open(config, address, address);
    config
        .getAdvancedNetworkConfig()
        .getJoin()
        .getDiscoveryConfig()
        .addDiscoveryStrategyConfig(
            new DiscoveryStrategyConfig(new MemberDiscovery.Factory(options.members())));
  }
}
