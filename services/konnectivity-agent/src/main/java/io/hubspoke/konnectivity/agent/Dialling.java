package io.hubspoke.konnectivity.agent;

import io.hubspoke.api.AddressRange;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/**
 * What an agent connects with on behalf of servers, and from where.
 *
 * @param localAddress the address that it connects from, with servers too; null for the system's
 *     choice. One of loopback counts for targets in loopback only
 * @param allowed where targets may be; empty for everywhere
 * @param timeout how long a dial may take, names included
 * @param channelSize how much of one connection may be on its way, in the packets of 4 KiB that the
 *     real agent sends
 * @param warnOnChannelLimit tells when a target takes less than it is sent
 * @param grace how long connections may go on when the agent is told to stop
 */
public record Dialling(
    InetAddress localAddress,
    List<AddressRange> allowed,
    Duration timeout,
    int channelSize,
    boolean warnOnChannelLimit,
    Duration grace) {
  private static final int PACKET = 4096;

  /** The real agent's; it doesn't end on its own, so the grace time is hubspoke's. */
  public static final Dialling DEFAULT =
      new Dialling(null, List.of(), Duration.ofSeconds(5), 150, false, Duration.ofSeconds(5));

  public Dialling {
    if (channelSize < 1) {
      throw new IllegalArgumentException(
          "--xfr-channel-size must be greater than 0, but is " + channelSize);
    }
    if (grace.isNegative()) {
      throw new IllegalArgumentException("--shutdown-grace-period must not be negative");
    }
    allowed = List.copyOf(allowed);
  }

  /** Returns how many bytes of a connection may wait for its target. */
  int channelBytes() {
    return (int) Math.min((long) channelSize * PACKET, Integer.MAX_VALUE);
  }

  public Dialling withLocalAddress(InetAddress address) {
    return new Dialling(address, allowed, timeout, channelSize, warnOnChannelLimit, grace);
  }

  public Dialling withAllowed(List<AddressRange> ranges) {
    return new Dialling(localAddress, ranges, timeout, channelSize, warnOnChannelLimit, grace);
  }

  public Dialling withGrace(Duration time) {
    return new Dialling(localAddress, allowed, timeout, channelSize, warnOnChannelLimit, time);
  }

  /** Tells when a target takes less than it is sent. */
  public Dialling withWarning() {
    return new Dialling(localAddress, allowed, timeout, channelSize, true, grace);
  }

  Dialling withTimeout(Duration longest) {
    return new Dialling(localAddress, allowed, longest, channelSize, warnOnChannelLimit, grace);
  }
}
