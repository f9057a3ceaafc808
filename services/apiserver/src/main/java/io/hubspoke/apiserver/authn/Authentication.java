package io.hubspoke.apiserver.authn;

import io.hubspoke.apiserver.http.User;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Asks authenticators in order; the first that recognizes the request wins. Credentials that none
 * recognizes make the request unauthenticated, also where anonymous ones are let in.
 */
public final class Authentication {
  private static final String AUTHENTICATED = "system:authenticated";

  private final List<Authenticator> authenticators;
  private final Predicate<String> anonymous;
  private final List<String> apiAudiences;

  /**
   * Asks these authenticators.
   *
   * @param anonymous at which paths requests without credentials are let in as {@code
   *     system:anonymous}
   * @param apiAudiences what credentials are meant for that say nothing of audiences
   */
  public Authentication(
      List<Authenticator> authenticators, Predicate<String> anonymous, List<String> apiAudiences) {
    this.authenticators = List.copyOf(authenticators);
    this.anonymous = anonymous;
    this.apiAudiences = List.copyOf(apiAudiences);
  }

  /**
   * Returns who makes the request, and for which of the wanted audiences his credentials are.
   *
   * @param path that is asked for
   * @throws AuthenticationException when the request cannot be let in
   */
  public Authenticated authenticate(Credentials credentials, String path)
      throws AuthenticationException {
    List<String> problems = new ArrayList<>(1);
    for (Authenticator authenticator : authenticators) {
      try {
        Optional<Authenticated> recognized =
            authenticator.authenticate(credentials).flatMap(who -> forAudiences(who, credentials));
        if (recognized.isPresent()) {
          Authenticated who = recognized.get();
          return new Authenticated(authenticated(who.user()), who.audiences());
        }
      } catch (AuthenticationException e) {
        problems.add(e.getMessage());
      }
    }
    if (!credentials.bearerToken().isEmpty()) {
      problems.addFirst("invalid bearer token");
    }
    if (!problems.isEmpty()) {
      throw new AuthenticationException(String.join(", ", problems));
    }
    if (!anonymous.test(path)) {
      throw new AuthenticationException("no credentials");
    }
    return Authenticated.of(User.ANONYMOUS);
  }

  /** Credentials without audiences are the API's, so they are nobody's who wants another's. */
  private Optional<Authenticated> forAudiences(Authenticated who, Credentials credentials) {
    if (!who.audiences().isEmpty() || credentials.audiences().isEmpty()) {
      return Optional.of(
          who.audiences().isEmpty() ? new Authenticated(who.user(), apiAudiences) : who);
    }
    List<String> common = apiAudiences.stream().filter(credentials.audiences()::contains).toList();
    return common.isEmpty() ? Optional.empty() : Optional.of(new Authenticated(who.user(), common));
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
