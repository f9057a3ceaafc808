package io.hubspoke.kubelet.runtime.cri;

import io.vertx.grpc.common.GrpcStatus;

/** The runtime refused a call, or could not be asked. */
final class CriException extends RuntimeException {
  private final GrpcStatus status;

  CriException(GrpcStatus status, String message) {
    super(message, null, false, false);
    this.status = status;
  }

  GrpcStatus status() {
    return status;
  }
}
