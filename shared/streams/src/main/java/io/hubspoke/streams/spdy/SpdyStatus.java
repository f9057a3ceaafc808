package io.hubspoke.streams.spdy;

/** Why a stream is reset (SPDY/3.1, 2.6.3). */
public enum SpdyStatus {
  PROTOCOL_ERROR(1),
  INVALID_STREAM(2),
  REFUSED_STREAM(3),
  UNSUPPORTED_VERSION(4),
  CANCEL(5),
  INTERNAL_ERROR(6),
  FLOW_CONTROL_ERROR(7),
  STREAM_IN_USE(8),
  STREAM_ALREADY_CLOSED(9),
  FRAME_TOO_LARGE(11);

  final int code;

  SpdyStatus(int code) {
    this.code = code;
  }

  static String name(int code) {
    for (SpdyStatus status : values()) {
      if (status.code == code) {
        return status.name();
      }
    }
    return "status " + code;
  }
}
