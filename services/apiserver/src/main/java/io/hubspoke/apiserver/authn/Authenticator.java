package io.hubspoke.apiserver.authn;

import java.util.Optional;

/** Recognizes one kind of credentials, from what is in memory. */
@FunctionalInterface
public interface Authenticator {
  /**
   * Returns who it is, or empty when the request has no credentials of this kind.
   *
   * @throws AuthenticationException when credentials are presented that are not valid
   */
  Optional<Authenticated> authenticate(Credentials credentials) throws AuthenticationException;
}
