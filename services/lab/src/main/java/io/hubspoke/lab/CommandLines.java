package io.hubspoke.lab;

import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.controllermanager.ControllerManagerOptions;
import io.hubspoke.konnectivity.agent.KonnectivityAgentOptions;
import io.hubspoke.konnectivity.server.KonnectivityServerOptions;
import io.hubspoke.konnectivity.server.ServingFiles;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.kubeproxy.KubeProxyOptions;
import io.hubspoke.runtime.GoDuration;
import io.hubspoke.scheduler.SchedulerOptions;
import io.hubspoke.sshd.SshdOptions;
import io.vertx.core.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Says options of components with the flags that a person would give them. */
final class CommandLines {
  private static final String LOOPBACK = "127.0.0.1";

  private CommandLines() {}

  static List<String> apiserver(ApiserverOptions options) {
    var authn = options.authn();
    var proxy = authn.requestHeader();
    var tokens = authn.serviceAccounts();
    var kubelet = options.kubelet();
    var egress = options.egress();
    var plugins = options.admissionPlugins();
    return new Flags("apiserver")
        .add("--bind-address", options.serving().bindAddress())
        .add("--secure-port", options.serving().securePort())
        .add("--tls-cert-file", options.serving().tlsCertFile())
        .add("--tls-private-key-file", options.serving().tlsPrivateKeyFile())
        .add("--client-ca-file", authn.clientCaFile())
        .add("--anonymous-auth", authn.anonymous())
        .add("--enable-bootstrap-token-auth", authn.bootstrapTokens())
        .add("--token-auth-file", authn.tokenAuthFile())
        .add("--requestheader-client-ca-file", proxy.clientCaFile())
        .addAll("--requestheader-allowed-names", proxy.allowedNames())
        .addAll("--service-account-key-file", tokens.keyFiles())
        .add("--service-account-signing-key-file", tokens.signingKeyFile())
        .addAll("--service-account-issuer", tokens.issuers())
        .addAll("--api-audiences", tokens.apiAudiences())
        .addAll("--authorization-mode", options.authorizationModes())
        .addAll("--enable-admission-plugins", plugins)
        .addAll(
            "--disable-admission-plugins",
            Stream.of(
                    "MutatingAdmissionWebhook",
                    "NodeRestriction",
                    "ServiceAccount",
                    "ValidatingAdmissionWebhook")
                .filter(plugin -> !plugins.contains(plugin))
                .toList())
        .add("--advertise-address", options.service().advertiseAddress())
        .add("--service-cluster-ip-range", options.service().clusterIpRange())
        .add("--event-ttl", options.eventTtl())
        .add("--kubelet-client-certificate", kubelet.clientCertificate())
        .add("--kubelet-client-key", kubelet.clientKey())
        .add("--kubelet-certificate-authority", kubelet.certificateAuthority())
        .addAll("--kubelet-preferred-address-types", kubelet.preferredAddressTypes())
        .add("--kubelet-local-address", kubelet.localAddress())
        .add("--egress-selector-config-file", egress.configFile())
        .add("--ssh-user", egress.sshUser())
        .add("--ssh-keyfile", egress.sshKeyfile())
        .add("--ssh-port", egress.sshPort())
        .add("--enable-aggregator-routing", options.aggregatorRouting())
        .line();
  }

  static List<String> controllerManager(ControllerManagerOptions options) {
    var line =
        new Flags("controller-manager")
            .add("--kubeconfig", options.client())
            .add("--bind-address", LOOPBACK)
            .add("--authentication-kubeconfig", options.client())
            .add("--authorization-kubeconfig", options.client())
            .add("--cluster-signing-cert-file", options.clusterSigningCertFile())
            .add("--cluster-signing-key-file", options.clusterSigningKeyFile())
            .add("--cluster-signing-duration", options.clusterSigningDuration())
            .add("--root-ca-file", options.rootCaFile())
            .add("--service-account-private-key-file", options.serviceAccountPrivateKeyFile())
            .add("--node-monitor-period", options.nodeMonitorPeriod())
            .add("--node-monitor-grace-period", options.nodeMonitorGracePeriod());
    var serving = options.kubeletServing();
    return serving == null
        ? line.line()
        : line.add("--hubspoke-approve-kubelet-serving", true)
            .addAll("--hubspoke-kubelet-serving-cidrs", serving.nodes())
            .addAll("--service-cluster-ip-range", serving.services())
            .line();
  }

  static List<String> scheduler(SchedulerOptions options) {
    return new Flags("scheduler")
        .add("--kubeconfig", options.client())
        .add("--scheduler-name", options.schedulerName())
        .add("--bind-address", LOOPBACK)
        .add("--authentication-kubeconfig", options.client())
        .add("--authorization-kubeconfig", options.client())
        .line();
  }

  static List<String> kubelet(KubeletOptions options) {
    var server = options.server();
    return new Flags("kubelet")
        .add("--hostname-override", options.nodeName())
        .add("--node-ip", options.nodeIp())
        .add("--address", server.address())
        .add("--port", server.port())
        .add("--bootstrap-kubeconfig", options.bootstrapKubeconfig())
        .add("--kubeconfig", options.kubeconfig())
        .add("--cert-dir", options.certDir())
        .add("--root-dir", options.rootDir())
        .add("--client-ca-file", server.clientCaFile())
        .add("--anonymous-auth", server.anonymousAuth())
        .add("--authorization-mode", server.authorizationMode())
        .add("--authentication-token-webhook", server.tokenWebhook())
        .add("--authentication-token-webhook-cache-ttl", server.tokenCacheTtl())
        .add("--authorization-webhook-cache-authorized-ttl", server.authorizedTtl())
        .add("--authorization-webhook-cache-unauthorized-ttl", server.unauthorizedTtl())
        .add("--enable-debugging-handlers", server.debuggingHandlers())
        .add("--enable-system-log-handler", server.systemLogHandler())
        .add("--healthz-bind-address", server.healthz() == null ? null : server.healthz().host())
        .add("--healthz-port", server.healthz() == null ? 0 : server.healthz().port())
        .add("--rotate-certificates", options.rotateCertificates())
        .add("--rotate-server-certificates", options.rotateServerCertificates())
        .add("--tls-cert-file", options.tlsCertFile())
        .add("--tls-private-key-file", options.tlsPrivateKeyFile())
        .add("--register-node", options.registerNode())
        .add("--max-pods", options.maxPods())
        .add("--pod-cidr", options.podCidr())
        .add("--pod-listen-cidr", options.podListenCidr())
        .add("--pod-manifest-path", options.podManifestPath())
        .add("--container-runtime-endpoint", options.containerRuntimeEndpoint())
        .addAll("--ssh-host-keys", options.sshHostKeys())
        .add("--node-status-update-frequency", options.nodeStatusUpdateFrequency())
        .add("--node-lease-duration", options.nodeLeaseDuration())
        .add("--access-log-path", accessLog(options.rootDir()))
        .line();
  }

  /** Where a kubelet that is a process writes who called it. */
  static Path accessLog(Path rootDir) {
    return rootDir.resolve("access.log");
  }

  static List<String> kubeProxy(KubeProxyOptions options) {
    return new Flags("kube-proxy")
        .add("--kubeconfig", options.client())
        .add("--hostname-override", options.nodeName())
        .add("--proxy-mode", options.mode().value())
        .add("--bind-address", options.bindAddress())
        .add("--cluster-cidr", options.clusterCidr())
        .addAlways("--healthz-bind-address", place(options.healthz()))
        .addAlways("--metrics-bind-address", place(options.metrics()))
        .line();
  }

  private static String place(Optional<SocketAddress> address) {
    return address.map(at -> at.host() + ":" + at.port()).orElse("");
  }

  static List<String> sshd(SshdOptions options) {
    return new Flags("sshd")
        .add("--listen-address", options.listenAddress())
        .add("--port", options.port())
        .addAll("--host-key", options.hostKeyFiles())
        .add("--authorized-keys-file", options.authorizedKeysFile())
        .add("--allow-users", options.user())
        .addAll("--permit-open", options.permitOpen())
        .add("--bind-address", options.sourceAddress())
        .add("--login-grace-time", options.limits().loginGraceTime())
        .add("--max-auth-tries", options.limits().maxAuthTries())
        .add("--max-startups", options.limits().maxStartups())
        .add("--health-bind-address", options.health().map(SocketAddress::host).orElse(null))
        .add("--health-port", options.health().map(SocketAddress::port).orElse(0))
        .line();
  }

  static List<String> proxyServer(KonnectivityServerOptions options) {
    var hub = options.frontend();
    var agents = options.agents();
    var line =
        new Flags("proxy-server")
            .add("--mode", hub.mode())
            .add("--server-id", options.serverId())
            .add("--server-count", options.serverCount())
            .addAll("--proxy-strategies", options.strategies())
            .add("--agent-bind-address", agents.address().host())
            .add("--agent-port", agents.address().port())
            .add("--health-bind-address", LOOPBACK)
            .add("--admin-bind-address", LOOPBACK)
            .add("--shutdown-grace-period", options.grace());
    serving(line, "--cluster", agents.files());
    if (hub.address().isDomainSocket()) {
      line.add("--uds-name", hub.address().path())
          .add("--delete-existing-uds-file", hub.deleteExisting())
          .add("--server-port", 0);
    } else {
      line.add("--server-bind-address", hub.address().host())
          .add("--server-port", hub.address().port());
      serving(line, "--server", hub.files());
    }
    if (agents.tokens() != null) {
      line.add("--agent-namespace", agents.tokens().namespace())
          .add("--agent-service-account", agents.tokens().serviceAccount())
          .add("--authentication-audience", agents.tokens().audience());
    }
    options.apiserver().ifPresent(client -> line.add("--kubeconfig", client));
    return line.line();
  }

  private static void serving(Flags line, String which, ServingFiles files) {
    line.add(which + "-cert", files.cert())
        .add(which + "-key", files.key())
        .add(which + "-ca-cert", files.clientCa());
  }

  static List<String> proxyAgent(KonnectivityAgentOptions options) {
    var server = options.server();
    var dialling = options.dialling();
    var syncing = options.syncing();
    var local = dialling.localAddress();
    return new Flags("proxy-agent")
        .add("--agent-id", options.agentId())
        .add("--agent-identifiers", options.agentIdentifiers())
        .add("--proxy-server-host", server.host())
        .add("--proxy-server-port", server.port())
        .add("--ca-cert", server.caCert())
        .add("--agent-cert", server.agentCert())
        .add("--agent-key", server.agentKey())
        .add("--service-account-token-path", server.serviceAccountTokenPath())
        .add("--sync-interval", syncing.interval())
        .add("--sync-interval-cap", syncing.cap())
        .add("--probe-interval", syncing.probeInterval())
        .add("--sync-forever", syncing.forever())
        .add("--local-address", local == null ? "" : local.getHostAddress())
        .addAll("--allowed-targets", dialling.allowed())
        .add("--health-server-host", LOOPBACK)
        .add("--admin-bind-address", LOOPBACK)
        .add("--shutdown-grace-period", dialling.grace())
        .line();
  }

  /** A command line that grows; what is absent or empty is left out. */
  private static final class Flags {
    private final List<String> line = new ArrayList<>();

    Flags(String command) {
      line.add(command);
    }

    Flags add(String flag, Object value) {
      var text =
          switch (value) {
            case null -> "";
            case Duration duration -> GoDuration.format(duration);
            // The file alone: who reads it as a process follows it as well.
            case ClientConfig client -> String.valueOf(client.kubeconfig());
            default -> value.toString();
          };
      return text.isEmpty() ? this : addAlways(flag, text);
    }

    Flags addAll(String flag, Collection<?> values) {
      return add(flag, values.stream().map(Object::toString).collect(Collectors.joining(",")));
    }

    Flags addAlways(String flag, String value) {
      line.add(flag + "=" + value);
      return this;
    }

    List<String> line() {
      return List.copyOf(line);
    }
  }
}
