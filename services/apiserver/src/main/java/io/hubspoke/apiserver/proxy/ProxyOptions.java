package io.hubspoke.apiserver.proxy;

import io.hubspoke.api.AddressRange;
import java.util.List;

/**
 * Where the {@code proxy} subresources may lead.
 *
 * @param loopbackRanges {@code --proxy-loopback-ranges}: loopback and link-local addresses that
 *     pods may have, beside those of nodes
 */
public record ProxyOptions(List<AddressRange> loopbackRanges) {
  /** Where pods live when everything is on one machine. */
  public static final ProxyOptions DEFAULT =
      new ProxyOptions(List.of(AddressRange.parse("127.20.0.0/16")));

  public ProxyOptions {
    loopbackRanges = List.copyOf(loopbackRanges);
  }
}
