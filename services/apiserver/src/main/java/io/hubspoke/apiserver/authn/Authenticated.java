package io.hubspoke.apiserver.authn;

import io.hubspoke.apiserver.http.User;
import java.util.List;

/**
 * Somebody whom an authenticator has recognized.
 *
 * @param audiences those of the wanted ones that his credentials are meant for; empty when they say
 *     nothing of audiences and so are meant for the API
 */
public record Authenticated(User user, List<String> audiences) {
  public Authenticated {
    audiences = List.copyOf(audiences);
  }

  /** Credentials that know no audiences. */
  static Authenticated of(User user) {
    return new Authenticated(user, List.of());
  }
}
