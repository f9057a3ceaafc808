package io.hubspoke.konnectivity.agent;

import io.hubspoke.runtime.Tls;
import io.hubspoke.tunnel.konnectivity.FlowControl;
import io.hubspoke.tunnel.konnectivity.GrpcPackets;
import io.hubspoke.tunnel.konnectivity.Keepalive;
import io.hubspoke.tunnel.konnectivity.Metadata;
import io.netty.util.NetUtil;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientConnection;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnectOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens streams to servers, each over a connection of its own: whom it reaches, the way decides.
 */
final class ServerConnector {
  private static final Logger LOG = LoggerFactory.getLogger(ServerConnector.class);

  /** The real agent waits for ever. */
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /** Less is raised to this, as by gRPC: servers end connections that ask too often. */
  private static final Duration LEAST_KEEPALIVE = Duration.ofSeconds(10);

  private static final int STREAM_WINDOW = 4 << 20;

  private final Vertx vertx;
  private final KonnectivityAgentOptions options;
  private final TargetDialer dialer;
  private final AgentMetrics metrics;
  private final ServerCredentials credentials;
  private final HttpClientAgent client;

  /**
   * Connects with nobody yet.
   *
   * @throws IOException naming the flag of a file that can't be read
   */
  ServerConnector(
      Vertx vertx, KonnectivityAgentOptions options, TargetDialer dialer, AgentMetrics metrics)
      throws IOException {
    this.vertx = vertx;
    this.options = options;
    this.dialer = dialer;
    this.metrics = metrics;
    this.credentials = new ServerCredentials(vertx, options.server());
    this.client =
        vertx.createHttpClient(
            Tls.connect(
                http(), credentials.keys(), credentials.trust(), options.server().alpnProtos()));
  }

  private HttpClientOptions http() {
    var http =
        new HttpClientOptions()
            .setProtocolVersion(HttpVersion.HTTP_2)
            .setUseAlpn(true)
            .setAlpnVersions(List.of(HttpVersion.HTTP_2))
            .setVerifyHost(true)
            .setConnectTimeout((int) TIMEOUT.toMillis())
            .setTcpKeepAlive(true)
            .setHttp2ConnectionWindowSize(STREAM_WINDOW)
            .setInitialSettings(
                new Http2Settings().setInitialWindowSize(STREAM_WINDOW).setPushEnabled(false));
    localAddress().ifPresent(address -> http.setLocalAddress(address.getHostAddress()));
    return http;
  }

  /** From an address of loopback only servers in loopback can be reached. */
  private Optional<InetAddress> localAddress() {
    var local = options.dialling().localAddress();
    var host = options.server().host();
    if (local == null || !local.isLoopbackAddress()) {
      return Optional.ofNullable(local);
    }
    return NetUtil.createByteArrayFromIpAddressString(host) != null
            && InetAddress.ofLiteral(host).isLoopbackAddress()
        ? Optional.of(local)
        : Optional.empty();
  }

  /**
   * Opens a stream to whichever server answers. Called on a thread that may block.
   *
   * @throws IOException when the token can't be read
   */
  Future<ServerStream> connect() throws IOException {
    var token = credentials.token();
    var context = ((VertxInternal) vertx).createEventLoopContext();
    Promise<ServerStream> opened = context.promise();
    // The chain stays on the context that the stream lives on.
    context.runOnContext(
        v ->
            Future.<Void>succeededFuture()
                // A client that is closed throws.
                .compose(none -> open(context, token))
                .onComplete(opened));
    return opened.future();
  }

  private Future<ServerStream> open(ContextInternal context, Optional<String> token) {
    return client
        .connect(
            new HttpConnectOptions()
                .setHost(options.server().host())
                .setPort(options.server().port()))
        .compose(
            connection -> {
              // The stream is told by itself.
              connection.exceptionHandler(
                  e -> LOG.debug("{}: {}", options.server().host(), e.getMessage()));
              return call(context, connection, token)
                  .onFailure(e -> connection.close().otherwiseEmpty());
            });
  }

  private Future<ServerStream> call(
      ContextInternal context, HttpClientConnection connection, Optional<String> token) {
    var call =
        new RequestOptions()
            .putHeader(lower(Metadata.AGENT_ID), options.agentId())
            .putHeader(lower(Metadata.AGENT_IDENTIFIERS), options.agentIdentifiers())
            .putHeader(
                lower(Metadata.FLOW_CONTROL), Integer.toString(options.dialling().channelBytes()));
    token.ifPresent(value -> call.putHeader(lower(Metadata.AUTHORIZATION), "Bearer " + value));
    return connection
        .request(call)
        .compose(
            request -> {
              if (request.version() != HttpVersion.HTTP_2) {
                throw new IllegalStateException("the server does not speak HTTP/2");
              }
              var packets = GrpcPackets.call(request, GrpcPackets.CONNECT).observed(metrics);
              return packets
                  .headers()
                  .timeout(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                  .map(headers -> stream(context, connection, packets, headers));
            });
  }

  private ServerStream stream(
      ContextInternal context,
      HttpClientConnection connection,
      GrpcPackets packets,
      MultiMap headers) {
    var id = one(headers, Metadata.SERVER_ID);
    var count = one(headers, Metadata.SERVER_COUNT);
    if (!count.matches("\\d{1,6}")) {
      throw new IllegalArgumentException(
          "the server answered %s \"%s\", which is no number"
              .formatted(Metadata.SERVER_COUNT, count));
    }
    var every = options.server().keepaliveTime();
    Keepalive.watch(
        vertx, connection, every.compareTo(LEAST_KEEPALIVE) < 0 ? LEAST_KEEPALIVE : every);
    return new ServerStream(
        context,
        connection,
        packets,
        flow(headers.get(Metadata.FLOW_CONTROL)),
        id,
        Integer.parseInt(count),
        dialer,
        metrics);
  }

  private FlowControl flow(String announced) {
    var bytes = options.dialling().channelBytes();
    return switch (FlowControl.agreed(announced)) {
      case FlowControl.Credits agreed -> new FlowControl.Credits(agreed.send(), bytes);
      case FlowControl.Bounded bounded -> new FlowControl.Bounded(bytes, bounded.patience());
      case FlowControl.OfStream whole -> whole;
    };
  }

  private static String one(MultiMap headers, String name) {
    var values = headers.getAll(name);
    if (values.size() != 1) {
      throw new IllegalArgumentException(
          "the server should answer with one %s, but there are %d".formatted(name, values.size()));
    }
    return values.getFirst();
  }

  /** HTTP/2 has no capitals in names of headers (RFC 9113 section 8.2). */
  private static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }

  Future<Void> close() {
    credentials.stop();
    return client.close();
  }
}
