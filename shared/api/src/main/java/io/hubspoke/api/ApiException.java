package io.hubspoke.api;

/** Carries a {@link Status} to whoever answers the request; has no stack trace, being an answer. */
public final class ApiException extends RuntimeException {
  private final transient Status status;

  public ApiException(Status status) {
    super(status.message(), null, false, false);
    this.status = status;
  }

  public Status status() {
    return status;
  }

  /** Returns the HTTP status code. */
  public int code() {
    return status.code();
  }

  /** Returns the machine-readable reason, such as {@code NotFound}. */
  public String reason() {
    return status.reason();
  }
}
