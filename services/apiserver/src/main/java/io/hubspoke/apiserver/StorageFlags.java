package io.hubspoke.apiserver;

import io.hubspoke.apiserver.store.ClusterOptions;
import io.hubspoke.apiserver.store.ClusterOptions.PeerTls;
import io.hubspoke.apiserver.store.StorageOptions;
import io.hubspoke.runtime.GoDuration;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Option;

/** Where objects are kept. {@code --storage-backend} is the real apiserver's, with others. */
final class StorageFlags {
  private static final int DEFAULT_PORT = 5701;

  @Option(
      names = "--storage-backend",
      defaultValue = "memory",
      paramLabel = "NAME",
      description =
          "Where objects are kept: memory, of this process; hazelcast, the memory of several"
              + " apiservers (default: ${DEFAULT-VALUE}; the real apiserver has etcd3).")
  private String backend;

  @Option(
      names = "--storage-listen",
      defaultValue = "127.0.0.1:5701",
      paramLabel = "IP:PORT",
      description =
          "hazelcast: where this member of the store is reached by the others (default:"
              + " ${DEFAULT-VALUE}).")
  private String listen;

  @Option(
      names = "--storage-members",
      split = ",",
      paramLabel = "HOST[:PORT]",
      description =
          "hazelcast: the members; a name stands for all of its addresses and is looked up again"
              + " when members join, so that of a headless service does.")
  private List<String> members = List.of();

  @Option(
      names = "--storage-replicas",
      defaultValue = "3",
      paramLabel = "N",
      description =
          "hazelcast: how many members there are to be, the same at each; more than half must"
              + " hold a change (default: ${DEFAULT-VALUE}).")
  private int replicas;

  @Option(
      names = "--storage-peer-cert-file",
      paramLabel = "FILE",
      description =
          "hazelcast: certificate of this member for the others, which have the same subject.")
  private Path peerCertFile;

  @Option(
      names = "--storage-peer-key-file",
      paramLabel = "FILE",
      description = "hazelcast: key of that certificate.")
  private Path peerKeyFile;

  @Option(
      names = "--storage-peer-trusted-ca-file",
      paramLabel = "FILE",
      description = "hazelcast: authority of members' certificates; best one of their own.")
  private Path peerTrustedCaFile;

  @Option(
      names = "--storage-insecure-peers",
      description =
          "hazelcast: let whoever reaches the port join and read every secret, not on loopback"
              + " alone.")
  private boolean insecurePeers;

  @Option(
      names = "--snapshot-file",
      paramLabel = "FILE",
      description =
          "Write all objects there now and then and at the end, and begin with them when there"
              + " are none. It holds every secret; its owner alone may read it.")
  private Path snapshotFile;

  @Option(
      names = "--snapshot-interval",
      defaultValue = "1m",
      converter = GoDuration.class,
      paramLabel = "DURATION",
      description = "How often (default: ${DEFAULT-VALUE}).")
  private Duration snapshotInterval;

  /**
   * @throws IllegalArgumentException that names the flag
   */
  StorageOptions options() {
    if (snapshotInterval.toMillis() < 100) {
      throw new IllegalArgumentException(
          "--snapshot-interval must be 100ms or longer, but is "
              + GoDuration.format(snapshotInterval));
    }
    return switch (backend) {
      case "memory" -> new StorageOptions(null, snapshotFile, snapshotInterval);
      case "hazelcast" -> new StorageOptions(cluster(), snapshotFile, snapshotInterval);
      default ->
          throw new IllegalArgumentException(
              "--storage-backend: \"" + backend + "\" is not known, expected memory or hazelcast");
    };
  }

  private ClusterOptions cluster() {
    if (replicas < 1 || replicas > ClusterOptions.MOST_REPLICAS) {
      throw new IllegalArgumentException(
          "--storage-replicas must be between 1 and "
              + ClusterOptions.MOST_REPLICAS
              + ", but is "
              + replicas);
    }
    if (members.isEmpty() && replicas > 1) {
      throw new IllegalArgumentException("--storage-members must name the members of the store");
    }
    String own = withPort("--storage-listen", listen);
    int colon = own.lastIndexOf(':');
    InetAddress address = address(own.substring(0, colon));
    PeerTls tls = tls();
    if (tls == null && !address.isLoopbackAddress() && !insecurePeers) {
      throw new IllegalArgumentException(
          "--storage-listen: at "
              + address.getHostAddress()
              + " anybody on the network could join the store and read every secret; give"
              + " --storage-peer-cert-file, --storage-peer-key-file and"
              + " --storage-peer-trusted-ca-file, or accept it by --storage-insecure-peers");
    }
    return new ClusterOptions(
        address.getHostAddress(),
        Integer.parseInt(own.substring(colon + 1)),
        members.stream().map(member -> withPort("--storage-members", member)).toList(),
        replicas,
        tls);
  }

  private PeerTls tls() {
    if (peerCertFile == null && peerKeyFile == null && peerTrustedCaFile == null) {
      return null;
    }
    if (peerCertFile == null || peerKeyFile == null || peerTrustedCaFile == null) {
      throw new IllegalArgumentException(
          "--storage-peer-cert-file, --storage-peer-key-file and --storage-peer-trusted-ca-file"
              + " must be given together");
    }
    return new PeerTls(peerCertFile, peerKeyFile, peerTrustedCaFile);
  }

  private static InetAddress address(String text) {
    InetAddress address;
    try {
      address = InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "--storage-listen: \"" + text + "\" is not an IP address", e);
    }
    if (address.isAnyLocalAddress() || address.getAddress().length != 4) {
      throw new IllegalArgumentException(
          "--storage-listen must be one IPv4 address at which the other members reach this one,"
              + " but is "
              + text);
    }
    return address;
  }

  private static String withPort(String flag, String text) {
    int colon = text.lastIndexOf(':');
    String port = colon < 0 ? Integer.toString(DEFAULT_PORT) : text.substring(colon + 1);
    String host = colon < 0 ? text : text.substring(0, colon);
    if (host.isEmpty() || !port.matches("[1-9][0-9]{0,4}") || Integer.parseInt(port) > 65535) {
      throw new IllegalArgumentException(
          flag + ": \"" + text + "\" is not a host and a port between 1 and 65535");
    }
    return host + ":" + port;
  }
}
