package io.hubspoke.kubelet.server;

import io.hubspoke.client.delegation.Caller;

/** A request is not served; the message is what its caller reads. */
final class Refusal extends Exception {
  private final transient Caller caller;
  private final int code;

  /**
   * Refuses.
   *
   * @param caller null when not known
   * @param code HTTP status code of the answer
   */
  Refusal(Caller caller, int code, String message) {
    super(message, null, false, false);
    this.caller = caller;
    this.code = code;
  }

  Caller caller() {
    return caller;
  }

  int code() {
    return code;
  }
}
