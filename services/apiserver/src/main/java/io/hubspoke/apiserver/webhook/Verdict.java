package io.hubspoke.apiserver.webhook;

import io.hubspoke.api.Status;

/** What came of asking a webhook. */
sealed interface Verdict {
  /** It allows the request, and may change the object. */
  record Allowed(ReviewResponse response) implements Verdict {}

  /** It does not. */
  record Denied(Status status) implements Verdict {}

  /**
   * It could not be asked, or what it said is no answer: its failure policy decides.
   *
   * @param code of its answer, or such as the real apiserver counts for what failed
   * @param tunnelDown whether there was no way to it
   */
  record Unasked(int code, String reason, boolean tunnelDown) implements Verdict {}

  /** It is not to be asked this, or what it said can't be done: the request fails in any case. */
  record Impossible(Status status) implements Verdict {}
}
