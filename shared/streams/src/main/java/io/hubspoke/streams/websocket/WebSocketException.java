package io.hubspoke.streams.websocket;

/** The peer broke the protocol; the connection ends with this close code (RFC 6455, 7.4.1). */
final class WebSocketException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Protocol error. */
  static final int PROTOCOL_ERROR = 1002;

  /** A payload that is not what its type says. */
  static final int INVALID_PAYLOAD = 1007;

  private final int code;

  WebSocketException(int code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  static WebSocketException protocolError(String message) {
    return new WebSocketException(PROTOCOL_ERROR, message);
  }

  int code() {
    return code;
  }
}
