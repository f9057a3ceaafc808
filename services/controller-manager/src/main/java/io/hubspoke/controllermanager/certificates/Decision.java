package io.hubspoke.controllermanager.certificates;

/** What an approver makes of a request. */
public sealed interface Decision {
  record Approve(String message) implements Decision {}

  record Deny(String reason, String message) implements Decision {}

  /** Leaves it to another approver, or to an administrator. */
  record Leave() implements Decision {}

  /** Leaves it to an administrator and says why, under a condition's type of its own. */
  record Hold(String type, String reason, String message) implements Decision {}

  /** What it depends on may come yet. */
  record Later(String message) implements Decision {}
}
