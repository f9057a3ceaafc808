package io.hubspoke.cluster;

import com.hazelcast.config.Config;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.ServerSocketEndpointConfig;
import com.hazelcast.instance.EndpointQualifier;
import com.hazelcast.spi.MemberAddressProvider;
import java.net.InetSocketAddress;

/**
 * The one port of a member, which speaks to members alone: no clients, no REST, no memcache, no
 * multicast; and nothing that tells anybody else of the member.
 */
public final class MemberPort {
  private MemberPort() {}

  /**
   * Opens the port, and closes all else. How members find each other is left to the caller.
   *
   * @param bound where the member listens; port 0 for any
   * @param advertised where other members reach it; port 0 for the one bound
   */
  public static void open(Config config, InetSocketAddress bound, InetSocketAddress advertised) {
    config.setProperty("hazelcast.phone.home.enabled", "false");
    config.setProperty("hazelcast.shutdownhook.enabled", "false");
    config.setProperty("hazelcast.logging.type", "slf4j");
    // Else it listens on all addresses, whatever is said below.
    config.setProperty("hazelcast.socket.bind.any", "false");
    config.getMetricsConfig().setEnabled(false);
    config.getJetConfig().setEnabled(false);
    var network = config.getAdvancedNetworkConfig().setEnabled(true);
    network.setMemberEndpointConfig(
        new ServerSocketEndpointConfig()
            .setPort(bound.getPort())
            .setPortAutoIncrement(false)
            .setReuseAddress(true));
    network
        .getMemberAddressProviderConfig()
        .setEnabled(true)
        .setImplementation(new Addresses(bound, advertised));
    var join = network.getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    join.getTcpIpConfig().setEnabled(false);
    serialization(config);
  }

  /** Of Java's own serialization come errors alone. */
  private static void serialization(Config config) {
    // Else all of java., javax. and com.hazelcast. is let in as well.
    var filter = new JavaSerializationFilterConfig().setDefaultsDisabled(true);
    filter
        .getWhitelist()
        .addPrefixes("[Ljava.lang.StackTraceElement;")
        // Those of errors which members tell each other, without the packages within them.
        .addPackages(
            "java.lang",
            "com.hazelcast.config",
            "com.hazelcast.core",
            "com.hazelcast.internal.cluster.impl",
            "com.hazelcast.internal.partition",
            "com.hazelcast.map",
            "com.hazelcast.nio.serialization",
            "com.hazelcast.partition",
            "com.hazelcast.spi.exception",
            "com.hazelcast.splitbrainprotection")
        .addClasses(
            "com.hazelcast.transaction.TransactionException",
            "com.hazelcast.version.MemberVersion",
            "java.util.Collections$EmptyList",
            "java.util.Collections$UnmodifiableList",
            "java.util.Collections$UnmodifiableCollection",
            "java.util.ArrayList",
            "java.util.concurrent.TimeoutException",
            "java.util.concurrent.CancellationException",
            "java.util.concurrent.ExecutionException",
            "java.io.IOException",
            "java.io.EOFException");
    config.getSerializationConfig().setJavaSerializationFilterConfig(filter);
  }

  private record Addresses(InetSocketAddress bound, InetSocketAddress advertised)
      implements MemberAddressProvider {
    @Override
    public InetSocketAddress getBindAddress() {
      return bound;
    }

    @Override
    public InetSocketAddress getBindAddress(EndpointQualifier qualifier) {
      return bound;
    }

    @Override
    public InetSocketAddress getPublicAddress() {
      return advertised;
    }

    @Override
    public InetSocketAddress getPublicAddress(EndpointQualifier qualifier) {
      return advertised;
    }
  }
}
