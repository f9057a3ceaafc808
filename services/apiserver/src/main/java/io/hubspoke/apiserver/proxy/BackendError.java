package io.hubspoke.apiserver.proxy;

import io.hubspoke.api.ApiException;
import io.hubspoke.api.Status;
import io.hubspoke.runtime.Component;
import io.hubspoke.tunnel.TunnelDownException;

/** Says why a backend could not be reached, in the words of the real apiserver. */
final class BackendError {
  private BackendError() {}

  /** Returns the 503 for a backend that doesn't answer, or not in HTTP. */
  static Throwable unreachable(Throwable failure) {
    return failure instanceof ApiException
        ? failure
        : Status.serviceUnavailable("error trying to reach service: " + Component.reason(failure))
            .toException();
  }

  /**
   * Returns a 500 that begins with these words, or a 503 when the tunnel to it is down; a refusal
   * that has a status keeps it.
   */
  static Throwable of(String what, Throwable failure) {
    String message = what + ": " + Component.reason(failure);
    return switch (failure) {
      case ApiException told -> told;
      case TunnelDownException down -> Status.serviceUnavailable(message).toException();
      default -> Status.of(500, "", message).toException();
    };
  }
}
