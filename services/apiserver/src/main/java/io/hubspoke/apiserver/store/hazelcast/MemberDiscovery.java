package io.hubspoke.apiserver.store.hazelcast;

import com.hazelcast.cluster.Address;
import com.hazelcast.config.properties.PropertyDefinition;
import com.hazelcast.logging.ILogger;
import com.hazelcast.spi.discovery.AbstractDiscoveryStrategy;
import com.hazelcast.spi.discovery.DiscoveryNode;
import com.hazelcast.spi.discovery.DiscoveryStrategy;
import com.hazelcast.spi.discovery.DiscoveryStrategyFactory;
import com.hazelcast.spi.discovery.SimpleDiscoveryNode;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds members by a list of names and addresses. Names are looked up at each joining and each
 * search for parts of the cluster, so members may change their addresses, as pods behind a headless
 * service do.
 */
final class MemberDiscovery extends AbstractDiscoveryStrategy {
  private static final Logger LOG = LoggerFactory.getLogger(MemberDiscovery.class);

  private final List<String> members;

  @SuppressWarnings("rawtypes") // the raw type is Hazelcast's
  private MemberDiscovery(
      ILogger logger, Map<String, Comparable> properties, List<String> members) {
    super(logger, properties);
    this.members = members;
  }

  @Override
  public Iterable<DiscoveryNode> discoverNodes() {
    List<DiscoveryNode> found = new ArrayList<>();
    for (String member : members) {
      int colon = member.lastIndexOf(':');
      int port = Integer.parseInt(member.substring(colon + 1));
      try {
        for (InetAddress address : InetAddress.getAllByName(member.substring(0, colon))) {
          found.add(new SimpleDiscoveryNode(new Address(address, port)));
        }
      } catch (UnknownHostException e) {
        LOG.info("member {} of the store has no address yet", member);
      }
    }
    return found;
  }

  /** Makes the strategy where Hazelcast wants it made. */
  record Factory(List<String> members) implements DiscoveryStrategyFactory {
    @Override
    public Class<? extends DiscoveryStrategy> getDiscoveryStrategyType() {
      return MemberDiscovery.class;
    }

    @Override
    @SuppressWarnings("rawtypes") // the raw type is Hazelcast's
    public DiscoveryStrategy newDiscoveryStrategy(
        DiscoveryNode self, ILogger logger, Map<String, Comparable> properties) {
      return new MemberDiscovery(logger, properties, members);
    }

    @Override
    public Collection<PropertyDefinition> getConfigurationProperties() {
      return List.of();
    }
  }
}
