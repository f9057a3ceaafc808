package io.hubspoke.apiserver.serviceaccount;

import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.authn.Authenticator;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.registry.Lister;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** What an apiserver does about tokens of service accounts, wired to one set of keys. */
public final class ServiceAccountTokens {
  private static final Duration LOOK_AT_FILES = Duration.ofSeconds(1);

  private final ServiceAccountOptions options;
  private final Clock clock;
  private final TokenKeyFiles files;

  /**
   * Reads the keys.
   *
   * @throws IOException naming the flag whose file can't be read
   */
  public ServiceAccountTokens(Vertx vertx, ServiceAccountOptions options, Clock clock)
      throws IOException {
    this.options = options;
    this.clock = clock;
    this.files = new TokenKeyFiles(vertx, options);
  }

  /** Follows changes of the key files until {@link #stop}. */
  public void start() {
    files.watch(LOOK_AT_FILES);
  }

  public void stop() {
    files.stop();
  }

  public Authenticator authenticator(Lister lister) {
    return new ServiceAccountAuthenticator(options, files, lister, clock);
  }

  /** Makes the endpoint of {@code serviceaccounts/token}. */
  public Endpoint tokenRequest(Lister lister, Admission admission) {
    return new TokenRequestEndpoint(options, files, lister, admission, clock);
  }

  /**
   * Makes the endpoints of the issuer's discovery, by path; none when the issuer is no https URL,
   * at which nobody would look.
   *
   * @param ownAddress host and port of this server, once it listens
   */
  public Map<String, Endpoint> discovery(Supplier<String> ownAddress) {
    Map<String, Endpoint> endpoints = new LinkedHashMap<>();
    if (options.issuers().getFirst().startsWith("https://")) {
      IssuerDiscovery discovery = new IssuerDiscovery(options, files, ownAddress);
      endpoints.put(IssuerDiscovery.CONFIGURATION, discovery.configuration());
      endpoints.put(IssuerDiscovery.KEYS, discovery.keys());
    }
    return endpoints;
  }
}
