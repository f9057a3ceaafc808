package io.hubspoke.streams.spdy;

/** What ended a stream or a connection before its time. */
public final class SpdyException extends Exception {
  private static final long serialVersionUID = 1;

  public SpdyException(String message) {
    super(message, null, false, false);
  }
}
