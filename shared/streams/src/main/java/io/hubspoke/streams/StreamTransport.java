package io.hubspoke.streams;

/** What carries the streams of an exec, attach or port-forward. */
public enum StreamTransport {
  SPDY,
  WEBSOCKET
}
