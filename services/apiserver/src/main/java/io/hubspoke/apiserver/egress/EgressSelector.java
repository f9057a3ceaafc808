package io.hubspoke.apiserver.egress;

import io.hubspoke.pki.Identity;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Flag;
import io.hubspoke.runtime.FollowedFiles;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.ReloadableTrust;
import io.hubspoke.runtime.Tls;
import io.hubspoke.tunnel.Dialer;
import io.hubspoke.tunnel.konnectivity.GrpcDialer;
import io.hubspoke.tunnel.konnectivity.HttpConnectDialer;
import io.hubspoke.tunnel.konnectivity.TunnelServer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.X509ExtendedTrustManager;

/** Knows for each purpose through what to dial. */
public final class EgressSelector {
  private static final String FLAG = "--egress-selector-config-file";
  private static final Duration PERIOD = Duration.ofSeconds(1);

  private final Map<EgressType, Egress> ways = new EnumMap<>(EgressType.class);
  private final List<Dialer> dialers = new ArrayList<>();
  private final List<FollowedFiles<?>> followed = new ArrayList<>();
  private final Vertx vertx;

  private EgressSelector(Vertx vertx) {
    this.vertx = vertx;
  }

  /** Everything directly. */
  public static EgressSelector direct(Vertx vertx) {
    return new EgressSelector(vertx);
  }

  /** Nodes, pods and services through this dialer, the rest directly. */
  public static EgressSelector cluster(Vertx vertx, Dialer dialer) {
    EgressSelector selector = new EgressSelector(vertx);
    selector.use(EgressType.CLUSTER, dialer);
    return selector;
  }

  /**
   * As an {@code EgressSelectorConfiguration} says.
   *
   * @throws IOException in a line that names the flag and the field
   */
  public static EgressSelector configured(Vertx vertx, Path file, DialMetrics metrics)
      throws IOException {
    EgressSelectorConfiguration configuration =
        Flag.read(FLAG, () -> EgressSelectorConfiguration.read(file));
    EgressSelector selector = new EgressSelector(vertx);
    for (var selection : configuration.selections().entrySet()) {
      switch (selection.getValue()) {
        case EgressConnection.Direct direct -> {}
        case EgressConnection.Grpc(EgressConnection.Uds uds) ->
            selector.use(
                selection.getKey(),
                new MeteredDialer(
                    new GrpcDialer(vertx, "konnectivity-grpc", TunnelServer.unix(uds.udsName())),
                    metrics.of("grpc", "uds")));
        case EgressConnection.HttpConnect(EgressConnection.Transport transport) ->
            selector.use(
                selection.getKey(),
                new MeteredDialer(
                    new HttpConnectDialer(
                        vertx, "konnectivity-http-connect", selector.server(transport)),
                    metrics.of("http_connect", transportLabel(transport))));
      }
    }
    return selector;
  }

  private void use(EgressType type, Dialer dialer) {
    dialers.add(dialer);
    ways.put(type, Egress.through(vertx, dialer));
  }

  /** Returns the way for a purpose. */
  public Egress to(EgressType type) {
    return ways.getOrDefault(type, Egress.DIRECT);
  }

  /** Ends what is open through dialers. */
  public Future<Void> close() {
    followed.forEach(FollowedFiles::stop);
    return Future.join(dialers.stream().map(Dialer::close).toList()).mapEmpty();
  }

  private static String transportLabel(EgressConnection.Transport transport) {
    return switch (transport) {
      case EgressConnection.Uds uds -> "uds";
      case EgressConnection.Tcp tcp -> "tcp";
    };
  }

  private TunnelServer server(EgressConnection.Transport transport) throws IOException {
    return switch (transport) {
      case EgressConnection.Uds uds -> TunnelServer.unix(uds.udsName());
      case EgressConnection.Tcp tcp when tcp.tls() == null ->
          TunnelServer.clear(tcp.host(), tcp.port());
      case EgressConnection.Tcp tcp ->
          TunnelServer.tls(tcp.host(), tcp.port(), keys(tcp.tls()), trust(tcp.tls()));
    };
  }

  /** Each connection to the proxy is made with the certificate that is there then. */
  private ReloadableKeys keys(EgressConnection.TlsFiles files) throws IOException {
    FollowedFiles<Identity> identity =
        new FollowedFiles<>(
            vertx,
            FLAG + ": clientCert, clientKey",
            List.of(files.clientCert(), files.clientKey()),
            () -> Identity.read(files.clientCert(), files.clientKey()));
    ReloadableKeys keys = new ReloadableKeys(identity.current());
    identity.follow(PERIOD, keys::replace);
    followed.add(identity);
    return keys;
  }

  private X509ExtendedTrustManager trust(EgressConnection.TlsFiles files) throws IOException {
    if (files.caBundle() == null) {
      return Tls.systemTrust();
    }
    FollowedFiles<List<X509Certificate>> authorities =
        new FollowedFiles<>(
            vertx,
            FLAG + ": caBundle",
            List.of(files.caBundle()),
            () -> Pem.readCertificates(files.caBundle()));
    ReloadableTrust trust = new ReloadableTrust(authorities.current());
    authorities.follow(PERIOD, trust::replace);
    followed.add(authorities);
    return trust;
  }
}
