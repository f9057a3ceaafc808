package io.hubspoke.apiserver;

import io.hubspoke.apiserver.audit.AuditOptions;
import io.hubspoke.apiserver.authn.RequestHeaderOptions;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.apiserver.http.ConnectionLimits;
import io.hubspoke.apiserver.kubeletclient.KubeletClientOptions;
import io.hubspoke.apiserver.kubernetesservice.LeaseEndpointReconciler;
import io.hubspoke.apiserver.proxy.ProxyOptions;
import io.hubspoke.apiserver.serviceaccount.ServiceAccountOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * What an apiserver is started with, grouped as the real one groups its flags.
 *
 * @param authorizationModes {@code --authorization-mode}: {@code Node}, {@code RBAC}, {@code
 *     AlwaysAllow}, asked in this order
 * @param admissionPlugins {@code --enable-admission-plugins} beside those that are always there
 * @param audit {@code --audit-*}
 * @param proxy where the {@code proxy} subresources may lead
 * @param egress through what it dials towards nodes, pods and services
 * @param aggregatorRouting {@code --enable-aggregator-routing}: webhooks of services are dialled at
 *     the services' endpoints
 * @param eventTtl {@code --event-ttl}, how long Events are kept; zero for ever
 */
public record ApiserverOptions(
    Serving serving,
    Authn authn,
    List<String> authorizationModes,
    List<String> admissionPlugins,
    KubernetesService service,
    Limits limits,
    KubeletClientOptions kubelet,
    Duration eventTtl,
    AuditOptions audit,
    ProxyOptions proxy,
    EgressOptions egress,
    boolean aggregatorRouting) {

  /**
   * Where and with which certificate it serves.
   *
   * @param bindAddress {@code --bind-address}
   * @param securePort {@code --secure-port}; 0 for any free one
   * @param tlsCertFile {@code --tls-cert-file}, the certificate and its intermediates
   * @param tlsPrivateKeyFile {@code --tls-private-key-file}
   */
  public record Serving(
      String bindAddress, int securePort, Path tlsCertFile, Path tlsPrivateKeyFile) {}

  /**
   * Whom it lets in.
   *
   * @param clientCaFile {@code --client-ca-file}; null when client certificates count for nothing
   * @param anonymous {@code --anonymous-auth}
   * @param anonymousPaths where requests without credentials are let in though {@code anonymous}
   *     says no, as the {@code anonymous} conditions of an {@code AuthenticationConfiguration} do
   * @param bootstrapTokens {@code --enable-bootstrap-token-auth}
   * @param tokenAuthFile {@code --token-auth-file}; null for none
   */
  public record Authn(
      Path clientCaFile,
      boolean anonymous,
      Set<String> anonymousPaths,
      boolean bootstrapTokens,
      Path tokenAuthFile,
      RequestHeaderOptions requestHeader,
      ServiceAccountOptions serviceAccounts) {
    public Authn {
      anonymousPaths = Set.copyOf(anonymousPaths);
    }

    /** Client certificates and perhaps bootstrap tokens. */
    public Authn(Path clientCaFile, boolean anonymous, boolean bootstrapTokens) {
      this(
          clientCaFile,
          anonymous,
          Set.of(),
          bootstrapTokens,
          null,
          RequestHeaderOptions.NONE,
          ServiceAccountOptions.NONE);
    }

    /** Returns whether requests without credentials are let in at a path. */
    boolean letsAnonymousIn(String path) {
      return anonymous || anonymousPaths.contains(path);
    }

    public Authn withAnonymous(boolean letIn) {
      return new Authn(
          clientCaFile,
          letIn,
          anonymousPaths,
          bootstrapTokens,
          tokenAuthFile,
          requestHeader,
          serviceAccounts);
    }

    /** Lets requests without credentials in at these paths alone. */
    public Authn withAnonymousPaths(Set<String> paths) {
      return new Authn(
          clientCaFile,
          false,
          paths,
          bootstrapTokens,
          tokenAuthFile,
          requestHeader,
          serviceAccounts);
    }

    public Authn with(ServiceAccountOptions other) {
      return new Authn(
          clientCaFile,
          anonymous,
          anonymousPaths,
          bootstrapTokens,
          tokenAuthFile,
          requestHeader,
          other);
    }

    public Authn with(RequestHeaderOptions other) {
      return new Authn(
          clientCaFile,
          anonymous,
          anonymousPaths,
          bootstrapTokens,
          tokenAuthFile,
          other,
          serviceAccounts);
    }

    public Authn withTokenAuthFile(Path file) {
      return new Authn(
          clientCaFile,
          anonymous,
          anonymousPaths,
          bootstrapTokens,
          file,
          requestHeader,
          serviceAccounts);
    }
  }

  /**
   * The {@code kubernetes} service in {@code default}.
   *
   * @param advertiseAddress {@code --advertise-address}, its endpoint; null for the bind address
   * @param clusterIpRange {@code --service-cluster-ip-range}; the first address is its own
   * @param times when it is looked after
   * @param repairInterval how often the addresses and ports of all services are checked
   */
  public record KubernetesService(
      String advertiseAddress,
      String clusterIpRange,
      LeaseEndpointReconciler.Times times,
      Duration repairInterval) {
    /** Looks after services as often as the real apiserver. */
    public KubernetesService(String advertiseAddress, String clusterIpRange) {
      this(
          advertiseAddress,
          clusterIpRange,
          LeaseEndpointReconciler.Times.DEFAULT,
          Duration.ofMinutes(3));
    }
  }

  /**
   * What requests and connections may cost.
   *
   * @param requestTimeout {@code --request-timeout}
   * @param maxRequestsInflight {@code --max-requests-inflight}; 0 for no limit
   * @param maxMutatingRequestsInflight {@code --max-mutating-requests-inflight}; 0 for no limit
   */
  public record Limits(
      Duration requestTimeout,
      int maxRequestsInflight,
      int maxMutatingRequestsInflight,
      ConnectionLimits connections) {
    /** The real apiserver's. */
    public static final Limits DEFAULT =
        new Limits(Duration.ofMinutes(1), 400, 200, ConnectionLimits.DEFAULT);
  }

  /** The real apiserver's. */
  public static final Duration DEFAULT_EVENT_TTL = Duration.ofHours(1);

  public ApiserverOptions {
    authorizationModes = List.copyOf(authorizationModes);
    admissionPlugins = List.copyOf(admissionPlugins);
  }

  /**
   * Returns options that serve as kubeadm sets an apiserver up: certificates and bootstrap tokens
   * let clients in, {@code Node,RBAC} decides, NodeRestriction is on, and webhooks are asked.
   */
  public static ApiserverOptions secure(Serving serving, Path clientCaFile) {
    return new ApiserverOptions(
        serving,
        new Authn(clientCaFile, true, true),
        List.of("Node", "RBAC"),
        List.of("NodeRestriction", "MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"),
        new KubernetesService(null, "127.96.0.0/16"),
        Limits.DEFAULT,
        KubeletClientOptions.DEFAULT,
        DEFAULT_EVENT_TTL,
        AuditOptions.NONE,
        ProxyOptions.DEFAULT,
        EgressOptions.NONE,
        false);
  }

  public ApiserverOptions with(Serving other) {
    return change(parts -> parts.serving = other);
  }

  public ApiserverOptions with(Authn other) {
    return change(parts -> parts.authn = other);
  }

  public ApiserverOptions with(KubernetesService other) {
    return change(parts -> parts.service = other);
  }

  public ApiserverOptions with(Limits other) {
    return change(parts -> parts.limits = other);
  }

  public ApiserverOptions with(KubeletClientOptions other) {
    return change(parts -> parts.kubelet = other);
  }

  public ApiserverOptions with(AuditOptions other) {
    return change(parts -> parts.audit = other);
  }

  public ApiserverOptions with(ProxyOptions other) {
    return change(parts -> parts.proxy = other);
  }

  public ApiserverOptions with(EgressOptions other) {
    return change(parts -> parts.egress = other);
  }

  public ApiserverOptions withEventTtl(Duration ttl) {
    return change(parts -> parts.eventTtl = ttl);
  }

  public ApiserverOptions withAdmissionPlugins(List<String> plugins) {
    return change(parts -> parts.admissionPlugins = plugins);
  }

  public ApiserverOptions withAggregatorRouting() {
    return change(parts -> parts.aggregatorRouting = true);
  }

  public ApiserverOptions withAuthorizationModes(List<String> modes) {
    return change(parts -> parts.authorizationModes = modes);
  }

  private ApiserverOptions change(Consumer<Parts> change) {
    Parts parts = new Parts(this);
    change.accept(parts);
    return parts.together();
  }

  /** The options while one of them is changed. */
  private static final class Parts {
    private Serving serving;
    private Authn authn;
    private List<String> authorizationModes;
    private List<String> admissionPlugins;
    private KubernetesService service;
    private Limits limits;
    private KubeletClientOptions kubelet;
    private Duration eventTtl;
    private AuditOptions audit;
    private ProxyOptions proxy;
    private EgressOptions egress;
    private boolean aggregatorRouting;

    Parts(ApiserverOptions options) {
      serving = options.serving;
      authn = options.authn;
      authorizationModes = options.authorizationModes;
      admissionPlugins = options.admissionPlugins;
      service = options.service;
      limits = options.limits;
      kubelet = options.kubelet;
      eventTtl = options.eventTtl;
      audit = options.audit;
      proxy = options.proxy;
      egress = options.egress;
      aggregatorRouting = options.aggregatorRouting;
    }

    ApiserverOptions together() {
      return new ApiserverOptions(
          serving,
          authn,
          authorizationModes,
          admissionPlugins,
          service,
          limits,
          kubelet,
          eventTtl,
          audit,
          proxy,
          egress,
          aggregatorRouting);
    }
  }
}
