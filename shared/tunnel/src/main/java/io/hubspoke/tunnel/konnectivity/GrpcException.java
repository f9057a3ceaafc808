package io.hubspoke.tunnel.konnectivity;

import java.io.IOException;

/** Ends a gRPC call: a status that is not OK, and a message for people. */
public final class GrpcException extends IOException {
  /** gRPC's code of errors that have no other. */
  public static final int UNKNOWN = 2;

  public static final int RESOURCE_EXHAUSTED = 8;

  /** gRPC's code of what a server does not do. */
  public static final int UNIMPLEMENTED = 12;

  static final int UNAVAILABLE = 14;

  private static final long serialVersionUID = 1L;

  private final int status;

  /** Says what went wrong. */
  public GrpcException(int status, String message) {
    super(message);
    this.status = status;
  }

  /** Returns gRPC's code. */
  public int status() {
    return status;
  }
}
