package io.hubspoke.apiserver.authz;

import io.hubspoke.apiserver.http.User;
import java.util.List;

/** Allows everything ({@code --authorization-mode=AlwaysAllow}). */
public final class AlwaysAllow implements Authorizer {
  @Override
  public Decision authorize(Attributes attributes) {
    return new Decision.Allow("");
  }

  @Override
  public Rules rulesFor(User user, String namespace) {
    return new Rules(
        List.of(
            new PolicyRule(List.of("*"), List.of("*"), List.of("*"), List.of(), List.of()),
            new PolicyRule(List.of("*"), List.of(), List.of(), List.of(), List.of("*"))),
        "");
  }
}
