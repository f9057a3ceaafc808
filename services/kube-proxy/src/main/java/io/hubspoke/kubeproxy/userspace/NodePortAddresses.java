package io.hubspoke.kubeproxy.userspace;

import io.hubspoke.api.AddressRange;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.LinkedHashSet;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** On which of the node's addresses node ports are: its own by default, or those within ranges. */
final class NodePortAddresses {
  private static final Logger LOG = LoggerFactory.getLogger(NodePortAddresses.class);
  private static final String PRIMARY = "primary";
  private final List<AddressRange> ranges;

  NodePortAddresses(List<String> options) {
    ranges =
        options.stream()
            .filter(option -> !option.equals(PRIMARY))
            .map(AddressRange::parse)
            .toList();
  }

  List<InetAddress> of(List<InetAddress> node) {
    if (ranges.isEmpty()) {
      return node;
    }
    // Of a loopback network only one address is an interface's, but the node may have another.
    var found = new LinkedHashSet<InetAddress>(node);
    try {
      NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .forEach(found::add);
    } catch (SocketException e) {
      LOG.warn("the addresses of this machine cannot be read: {}", e.getMessage());
    }
    return found.stream()
        .filter(address -> ranges.stream().anyMatch(range -> range.contains(address)))
        .toList();
  }
}
