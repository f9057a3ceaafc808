package io.hubspoke.apiserver.authz;

import io.hubspoke.apiserver.http.User;

/** Decides whether a user may do something, from what is in memory. */
public interface Authorizer {
  Decision authorize(Attributes attributes);

  /** Lists what a user may do in a namespace, for {@code kubectl auth can-i --list}. */
  Rules rulesFor(User user, String namespace);
}
