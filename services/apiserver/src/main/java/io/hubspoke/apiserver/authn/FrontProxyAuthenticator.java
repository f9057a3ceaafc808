package io.hubspoke.apiserver.authn;

import io.hubspoke.apiserver.http.ExtraHeaders;
import io.hubspoke.apiserver.http.User;
import io.vertx.core.MultiMap;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Believes a proxy that has authenticated somebody and says so in headers ("Authenticating Proxy"),
 * when the proxy's own certificate is of the authority that is kept for this and has an allowed
 * name. From anybody else the same headers mean nothing.
 */
public final class FrontProxyAuthenticator implements Authenticator {
  private final RequestHeaderOptions options;
  private final Clock clock;

  public FrontProxyAuthenticator(RequestHeaderOptions options, Clock clock) {
    this.options = options;
    this.clock = clock;
  }

  @Override
  public Optional<Authenticated> authenticate(Credentials credentials)
      throws AuthenticationException {
    if (!(credentials.certificate().frontProxy() instanceof VerifiedCertificate.Valid proxy)) {
      // Not a proxy: an ordinary client's certificate, or none.
      return Optional.empty();
    }
    MultiMap headers = credentials.headers();
    String name = one(headers, options.usernameHeaders());
    if (name.isEmpty()) {
      return Optional.empty();
    }
    proxy.check(clock.instant());
    if (!options.allowedNames().isEmpty()
        && !options.allowedNames().contains(proxy.user().name())) {
      throw new AuthenticationException(
          "x509: subject with cn=" + proxy.user().name() + " is not in the allowed list");
    }
    List<String> groups = new ArrayList<>();
    options.groupHeaders().forEach(header -> groups.addAll(headers.getAll(header)));
    return Optional.of(
        Authenticated.of(
            new User(
                name,
                one(headers, options.uidHeaders()),
                groups,
                ExtraHeaders.read(headers, options.extraHeaderPrefixes()))));
  }

  /**
   * Returns the value of the first header that is there. Two of a name are in doubt: a client may
   * have sent one through a proxy that added its own.
   */
  private static String one(MultiMap headers, List<String> names) throws AuthenticationException {
    for (String name : names) {
      List<String> values = headers.getAll(name);
      if (values.size() > 1) {
        throw new AuthenticationException("more than one header " + name);
      }
      if (!values.isEmpty() && !values.getFirst().isEmpty()) {
        return values.getFirst();
      }
    }
    return "";
  }
}
