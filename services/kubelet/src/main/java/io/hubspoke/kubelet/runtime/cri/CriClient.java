package io.hubspoke.kubelet.runtime.cri;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.internal.CloseFuture;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import io.vertx.grpc.client.GrpcClientResponse;
import io.vertx.grpc.common.GrpcStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** Calls a container runtime by gRPC over its Unix socket; each call has a deadline. */
final class CriClient {
  /** {@code --runtime-request-timeout}'s default. */
  static final Duration TIMEOUT = Duration.ofMinutes(2);

  /** What the real kubelet takes from a runtime in one message. */
  private static final int MAX_MESSAGE = 16 << 20;

  /** How much longer than the runtime we wait, so that its own word comes first. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Path socket;
  private final SocketAddress address;
  private final ContextInternal context;
  private final GrpcClient client;
  private volatile boolean closed;

  CriClient(Vertx vertx, Path socket) {
    this.socket = socket;
    this.address = SocketAddress.domainSocketAddress(socket.toString());
    // Closed by its owner alone: Vert.x ends clients before verticles, which have to remove what
    // they have made.
    this.context =
        ((VertxInternal) vertx).contextBuilder().withCloseFuture(new CloseFuture()).build();
    this.client = withinItsContext(() -> client(vertx));
  }

  /** Makes a client that lives as long as this one. */
  <T> T withinItsContext(Supplier<T> maker) {
    ContextInternal before = context.beginDispatch();
    try {
      return maker.get();
    } finally {
      context.endDispatch(before);
    }
  }

  private static GrpcClient client(Vertx vertx) {
    return GrpcClient.client(
        vertx,
        new GrpcClientOptions()
            .setMaxMessageSize(MAX_MESSAGE)
            .setScheduleDeadlineAutomatically(true),
        // A name has to be in :authority; what is behind a Unix socket has none.
        new HttpClientOptions()
            .setDefaultHost("localhost")
            .setProtocolVersion(HttpVersion.HTTP_2)
            .setHttp2ClearTextUpgrade(false)
            .setConnectTimeout(5000));
  }

  /** Returns where the runtime is expected. */
  Path socket() {
    return socket;
  }

  <Q extends MessageLite, A extends MessageLite> Future<A> call(CriMethod<Q, A> method, Q request) {
    return call(method, request, TIMEOUT);
  }

  /** Asks the runtime; fails with {@link CriException} alone. */
  <Q extends MessageLite, A extends MessageLite> Future<A> call(
      CriMethod<Q, A> method, Q request, Duration timeout) {
    if (closed) {
      return Future.failedFuture(
          new CriException(GrpcStatus.CANCELLED, "the kubelet has let go of the runtime"));
    }
    Promise<A> answered = Promise.promise();
    // On one event loop from the first step to the last: a chain begun elsewhere may lose events.
    context.runOnContext(
        v -> {
          try {
            client
                .request(address)
                .compose(call -> send(call, method, request, timeout))
                .timeout(timeout.plus(PATIENCE).toMillis(), TimeUnit.MILLISECONDS)
                .transform(
                    result ->
                        result.succeeded()
                            ? decode(method, result.result())
                            : Future.failedFuture(explain(method, result.cause())))
                .onComplete(answered);
          } catch (IllegalStateException e) {
            // Closed meanwhile.
            answered.tryFail(explain(method, e));
          }
        });
    return answered.future();
  }

  boolean closed() {
    return closed;
  }

  Future<Void> close() {
    closed = true;
    return client.close();
  }

  private static <Q extends MessageLite> Future<Buffer> send(
      GrpcClientRequest<Buffer, Buffer> call, CriMethod<Q, ?> method, Q request, Duration timeout) {
    return call.serviceName(method.service())
        .methodName(method.name())
        .timeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
        .send(Buffer.buffer(request.toByteArray()))
        .compose(CriClient::last);
  }

  private static Future<Buffer> last(GrpcClientResponse<Buffer, Buffer> response) {
    return response
        .last()
        .transform(
            result -> {
              GrpcStatus status = response.status();
              if (status != null && status != GrpcStatus.OK) {
                return Future.failedFuture(new CriException(status, response.statusMessage()));
              }
              return result.succeeded()
                  ? Future.succeededFuture(result.result())
                  : Future.failedFuture(result.cause());
            });
  }

  private static <A extends MessageLite> Future<A> decode(CriMethod<?, A> method, Buffer bytes) {
    try {
      return Future.succeededFuture(method.parser().parseFrom(bytes.getBytes()));
    } catch (InvalidProtocolBufferException e) {
      return Future.failedFuture(
          new CriException(
              GrpcStatus.INTERNAL,
              "the answer to " + method.name() + " can't be read: " + e.getMessage()));
    }
  }

  private CriException explain(CriMethod<?, ?> method, Throwable failure) {
    return switch (failure) {
      case CriException told -> told;
      case TimeoutException late ->
          new CriException(
              GrpcStatus.DEADLINE_EXCEEDED,
              "the container runtime at " + socket + " did not answer " + method.name());
      default ->
          new CriException(
              GrpcStatus.UNAVAILABLE,
              "the container runtime at " + socket + " is not reached: " + failure.getMessage());
    };
  }
}
