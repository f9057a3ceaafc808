package io.hubspoke.apiserver.authz;

/** An authorizer's answer; without an opinion, the next authorizer is asked. */
public sealed interface Decision {
  record Allow(String reason) implements Decision {}

  record Deny(String reason) implements Decision {}

  record NoOpinion(String reason) implements Decision {}

  NoOpinion NO_OPINION = new NoOpinion("");

  String reason();

  default boolean allowed() {
    return this instanceof Allow;
  }
}
