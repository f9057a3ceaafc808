package io.hubspoke.apiserver.authn;

import io.hubspoke.apiserver.http.User;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Asks authenticators in order; the first that recognizes the request wins. Credentials that none
 * recognizes make the request unauthenticated, also where anonymous ones are let in.
 */
public final class Authentication {
  private static final String AUTHENTICATED = "system:authenticated";

  private final List<Authenticator> authenticators;
  private final boolean anonymous;

  /**
   * Asks these authenticators.
   *
   * @param anonymous whether requests without credentials are let in as {@code system:anonymous}
   */
  public Authentication(List<Authenticator> authenticators, boolean anonymous) {
    this.authenticators = List.copyOf(authenticators);
    this.anonymous = anonymous;
  }

  /**
   * Returns who makes the request.
   *
   * @throws AuthenticationException when the request cannot be let in
   */
  public User authenticate(Credentials credentials) throws AuthenticationException {
    List<String> problems = new ArrayList<>(1);
    for (Authenticator authenticator : authenticators) {
      try {
        Optional<User> user = authenticator.authenticate(credentials);
        if (user.isPresent()) {
          return authenticated(user.get());
        }
      } catch (AuthenticationException e) {
        problems.add(e.getMessage());
      }
    }
    if (!credentials.bearerToken().isEmpty()) {
      problems.add("invalid bearer token");
    }
    if (!problems.isEmpty()) {
      throw new AuthenticationException(String.join(", ", problems));
    }
    if (!anonymous) {
      throw new AuthenticationException("no credentials");
    }
    return User.ANONYMOUS;
  }

  private static User authenticated(User user) {
    if (user.inGroup(AUTHENTICATED) || user.inGroup("system:unauthenticated")) {
      return user;
    }
    List<String> groups = new ArrayList<>(user.groups());
    groups.add(AUTHENTICATED);
    return new User(user.name(), user.uid(), groups, user.extra());
  }
}
