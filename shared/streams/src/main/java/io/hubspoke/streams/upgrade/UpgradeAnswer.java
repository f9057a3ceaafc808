package io.hubspoke.streams.upgrade;

import io.vertx.core.http.HttpClientResponse;

/** What a server said to a request to upgrade. */
public sealed interface UpgradeAnswer permits Upgraded, UpgradeAnswer.Refused {

  /**
   * It stayed with HTTP.
   *
   * @param response paused, with whatever status and body the server gave
   */
  record Refused(HttpClientResponse response) implements UpgradeAnswer {}
}
