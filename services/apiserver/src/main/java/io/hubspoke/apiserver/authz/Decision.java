package io.hubspoke.apiserver.authz;

/** An authorizer's answer; without an opinion, the next authorizer is asked. */
public sealed interface Decision {
  record Allow(String reason) implements Decision {}

  record Deny(String reason) implements Decision {}

  record NoOpinion(String reason) implements Decision {}

  /** Returns the answer of an authorizer that has nothing to say. */
  static NoOpinion noOpinion() {
    return new NoOpinion("");
  }

  String reason();

  default boolean allowed() {
    return this instanceof Allow;
  }
}
