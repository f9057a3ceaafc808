package io.hubspoke.streams.upgrade;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.List;

/**
 * Tells requests that ask to leave HTTP from others, at the decoder and above it by the same rule.
 * Kubernetes' own are GET or POST without a body; one with a body is a plain request here. So is
 * one for {@code h2c}, which is still HTTP: further requests in it would be ones that nobody
 * authorized (RFC 9113 has dropped it).
 */
public final class UpgradeRequest {
  private UpgradeRequest() {}

  /** Returns whether this request may be answered by {@link UpgradeServer#accept}. */
  public static boolean is(HttpServerRequest http) {
    MultiMap headers = http.headers();
    return http.version() == HttpVersion.HTTP_1_1
        && is(
            headers.getAll("Connection"),
            headers.get("Upgrade"),
            headers.getAll("Content-Length"),
            headers.contains("Transfer-Encoding"));
  }

  static boolean is(
      List<String> connection, String upgrade, List<String> lengths, boolean encoded) {
    return upgrade != null
        && !upgrade.isBlank()
        && !HeaderList.names(List.of(upgrade), "h2c")
        && HeaderList.names(connection, "upgrade")
        && !encoded
        && lengths.stream().allMatch(length -> length.strip().equals("0"));
  }
}
