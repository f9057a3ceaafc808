package io.hubspoke.kubeproxy.nftables;

import io.hubspoke.kubeproxy.rules.ServicePortName;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Stream;

/**
 * Names what is in the table for one port of a service. What users choose is in the names as it is
 * only where it consists of what Kubernetes permits, which means nothing to nft; a digest stands
 * for anything else, and for what is too long.
 */
final class ChainNames {
  /** NFT_NAME_MAXLEN, less its end, the longest prefix, an IPv6 address and a port. */
  private static final int LONGEST =
      255 - "endpoint-".length() - "__".length() - 39 - "/65535".length();

  private final String base;

  ChainNames(ServicePortName name) {
    String joined =
        String.join(
            "/", name.namespace(), name.service(), Frontend.word(name.protocol()), name.port());
    boolean plain =
        joined.length() <= LONGEST
            && Stream.of(name.namespace(), name.service(), name.port())
                .allMatch(part -> part.chars().allMatch(ChainNames::meansNothing));
    this.base = plain ? joined : digest(name);
  }

  /** The endpoints of connections from inside the cluster. */
  String service() {
    return "service-" + base;
  }

  /** Those of connections from outside, where they are others. */
  String outside() {
    return "outside-" + base;
  }

  /** What happens first to connections that arrive where they can from outside. */
  String external() {
    return "external-" + base;
  }

  String endpoint(Backend endpoint) {
    return "endpoint-" + base + suffix(endpoint);
  }

  /** The set of the clients that stay with an endpoint. */
  String affinity(Backend endpoint) {
    return "affinity-" + base + suffix(endpoint);
  }

  private static String suffix(Backend endpoint) {
    return "__" + endpoint.ip().replace(':', '.') + "/" + endpoint.port();
  }

  private static String digest(ServicePortName name) {
    // A record's text could be the same for different parts; lengths make it certain.
    String text =
        name.namespace().length() + ":" + name.service().length() + ":" + name.port() + "\n" + name;
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return Frontend.word(name.protocol()) + "/" + HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }

  private static boolean meansNothing(int c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  }
}
