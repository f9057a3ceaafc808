package io.hubspoke.streams.websocket;

import java.util.List;
import java.util.Optional;

/** A subprotocol that carries several channels: each message begins with its channel's number. */
enum ChannelProtocol {
  /** With a signal that a channel has ended. */
  V5("v5.channel.k8s.io", false, true, true),
  /** Its error channel carries a Status. */
  V4("v4.channel.k8s.io", false, false, true),
  V4_BASE64("v4.base64.channel.k8s.io", true, false, true),
  V1("channel.k8s.io", false, false, false),
  V1_BASE64("base64.channel.k8s.io", true, false, false),
  /** What a client gets that names no subprotocol. */
  NONE("", false, false, false);

  private final String subprotocol;
  private final boolean base64;
  private final boolean closesChannels;
  private final boolean status;

  ChannelProtocol(String subprotocol, boolean base64, boolean closesChannels, boolean status) {
    this.subprotocol = subprotocol;
    this.base64 = base64;
    this.closesChannels = closesChannels;
    this.status = status;
  }

  String subprotocol() {
    return subprotocol;
  }

  /** Returns whether payloads are text in base64, and channel numbers digits. */
  boolean base64() {
    return base64;
  }

  boolean closesChannels() {
    return closesChannels;
  }

  /** Returns whether the error channel of an exec carries a Status, or else a sentence. */
  boolean status() {
    return status;
  }

  /** Returns the first of those offered that is supported. */
  static Optional<ChannelProtocol> choose(List<String> offered, List<ChannelProtocol> supported) {
    if (offered.isEmpty()) {
      return supported.contains(NONE) ? Optional.of(NONE) : Optional.empty();
    }
    return offered.stream()
        .flatMap(name -> supported.stream().filter(p -> p.subprotocol.equals(name)))
        .findFirst();
  }
}
