package io.hubspoke.apiserver.webhook;

/** Says why a webhook gave no answer that can be read. */
final class WebhookCallException extends Exception {
  private static final long serialVersionUID = 1L;

  private final int code;
  private final boolean tunnelDown;

  WebhookCallException(int code, String message, boolean tunnelDown, Throwable cause) {
    super(message, cause);
    this.code = code;
    this.tunnelDown = tunnelDown;
  }

  WebhookCallException(int code, String message) {
    this(code, message, false, null);
  }

  /** Returns the status of its answer, or 400. */
  int code() {
    return code;
  }

  boolean isTunnelDown() {
    return tunnelDown;
  }
}
