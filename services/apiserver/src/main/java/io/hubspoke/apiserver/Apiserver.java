package io.hubspoke.apiserver;

import io.hubspoke.api.Json;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.audit.Auditor;
import io.hubspoke.apiserver.authn.Authentication;
import io.hubspoke.apiserver.authn.Authenticator;
import io.hubspoke.apiserver.authn.BootstrapTokenAuthenticator;
import io.hubspoke.apiserver.authn.FrontProxyAuthenticator;
import io.hubspoke.apiserver.authn.FrontProxyHeaders;
import io.hubspoke.apiserver.authn.PresentedCertificate;
import io.hubspoke.apiserver.authn.RequestHeaderOptions;
import io.hubspoke.apiserver.authn.StaticTokenAuthenticator;
import io.hubspoke.apiserver.authn.X509Authenticator;
import io.hubspoke.apiserver.authz.AlwaysAllow;
import io.hubspoke.apiserver.authz.Authorizer;
import io.hubspoke.apiserver.authz.AuthorizerChain;
import io.hubspoke.apiserver.authz.BootstrapPolicy;
import io.hubspoke.apiserver.authz.NodeAuthorizer;
import io.hubspoke.apiserver.authz.RbacAuthorizer;
import io.hubspoke.apiserver.discovery.DiscoveryEndpoint;
import io.hubspoke.apiserver.egress.DialMetrics;
import io.hubspoke.apiserver.egress.Egress;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.apiserver.egress.EgressSelector;
import io.hubspoke.apiserver.egress.EgressType;
import io.hubspoke.apiserver.egress.SshTunnels;
import io.hubspoke.apiserver.health.HealthChecks;
import io.hubspoke.apiserver.http.ApiChain;
import io.hubspoke.apiserver.http.ApiConnections;
import io.hubspoke.apiserver.http.ApiListener;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.http.InFlightLimits;
import io.hubspoke.apiserver.http.RequestMetrics;
import io.hubspoke.apiserver.kubeletclient.AllowedAddresses;
import io.hubspoke.apiserver.kubeletclient.KubeletClient;
import io.hubspoke.apiserver.kubernetesservice.KubernetesServiceObjects;
import io.hubspoke.apiserver.kubernetesservice.LeaseEndpointReconciler;
import io.hubspoke.apiserver.proxy.ProxyClient;
import io.hubspoke.apiserver.registry.EventExpiry;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.registry.Registry;
import io.hubspoke.apiserver.registry.ResourceEndpoint;
import io.hubspoke.apiserver.registry.ServerObjects;
import io.hubspoke.apiserver.resources.Resource;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.serviceaccount.ServiceAccountTokens;
import io.hubspoke.apiserver.serviceips.NodePorts;
import io.hubspoke.apiserver.serviceips.ServiceAddresses;
import io.hubspoke.apiserver.serviceips.ServiceRepair;
import io.hubspoke.apiserver.store.MemoryStore;
import io.hubspoke.apiserver.store.Store;
import io.hubspoke.apiserver.webhook.WebhookAdmission;
import io.hubspoke.apiserver.webhook.WebhookClients;
import io.hubspoke.apiserver.webhook.WebhookMetrics;
import io.hubspoke.apiserver.webhook.WebhookOptions;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.Flag;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.internal.ContextInternal;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hub: serves the Kubernetes API over HTTPS. Wires the store, the registry over it, and the
 * chain that every request passes; {@link ApiserverCommand} runs it from the command line.
 */
public final class Apiserver extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(Apiserver.class);

  private final ApiserverOptions options;
  private final Clock clock;
  private final Store shared;
  private CertificateFiles certificates;
  private Store store;
  private Registry registry;
  private EventExpiry expiry;
  private LeaseEndpointReconciler endpoints;
  private ServiceRepair repair;
  private Authorizer authorizer;
  private Admission admission;
  private StaticTokenAuthenticator staticTokens;
  private ServiceAccountTokens serviceAccounts;
  private final DialMetrics dials = new DialMetrics();
  private final WebhookMetrics webhookMetrics = new WebhookMetrics();
  private EgressSelector egress;
  private SshTunnels tunnels;
  private KubeletClient kubelets;
  private ProxyClient proxies;
  private WebhookClients webhooks;
  private Auditor auditor;
  private ApiListener listener;
  private volatile boolean bootstrapped;
  private volatile boolean stopping;

  /** Makes one that keeps what it serves in memory. */
  public Apiserver(ApiserverOptions options) {
    this(options, null);
  }

  /** Makes one of several replicas over one store, which outlives them. */
  public Apiserver(ApiserverOptions options, Store shared) {
    this(options, shared, Clock.systemUTC());
  }

  /** Makes one that judges and issues credentials by a clock of its own. */
  public Apiserver(ApiserverOptions options, Store shared, Clock clock) {
    this.options = options;
    this.shared = shared;
    this.clock = clock;
  }

  /** Returns the port it listens on, once started. */
  public int port() {
    return listener.port();
  }

  @Override
  public Future<?> start() throws IOException {
    certificates = new CertificateFiles(vertx, options);
    if (options.authn().tokenAuthFile() != null) {
      staticTokens =
          Flag.read(
              "--token-auth-file",
              () -> StaticTokenAuthenticator.read(options.authn().tokenAuthFile()));
    }
    if (options.authn().serviceAccounts().enabled()) {
      serviceAccounts = new ServiceAccountTokens(vertx, options.authn().serviceAccounts(), clock);
    }
    store = shared == null ? MemoryStore.afterOthers(clock) : shared;
    ServiceAddresses addresses =
        Flag.read(
            "--service-cluster-ip-range",
            () -> new ServiceAddresses(store, options.service().clusterIpRange()));
    egress = egress();
    registry =
        new Registry(
            vertx,
            store,
            lister -> {
              authorizer = authorizer(lister);
              admission = admission(lister);
              return admission;
            },
            Map.of(ResourceTable.SERVICES.type(), addresses.and(new NodePorts(store))));
    if (tunnels != null) {
      registry.lister().follow(ResourceTable.NODES.type(), tunnels);
    }
    expiry = new EventExpiry(vertx, store, options.eventTtl());
    Egress cluster = egress.to(EgressType.CLUSTER);
    kubelets = new KubeletClient(vertx, options.kubelet(), cluster);
    proxies = new ProxyClient(vertx, kubelets, options.kubelet().localAddress(), cluster);
    X509Authenticator x509 = new X509Authenticator(certificates.clientCa(), clock);
    X509Authenticator frontProxies =
        options.authn().requestHeader().clientCaFile() == null
            ? null
            : new X509Authenticator(certificates.proxyCa(), clock);
    ApiConnections connections =
        new ApiConnections(
            vertx,
            options.limits().connections(),
            chain ->
                new PresentedCertificate(
                    x509.verify(chain), frontProxies == null ? null : frontProxies.verify(chain)));
    ApiChain chain = chain(x509, connections);
    HttpServerOptions http =
        ApiListener.options(
            options.serving().bindAddress(),
            options.serving().securePort(),
            certificates.keys(),
            certificates.issuers(),
            options.limits().connections().handshake());
    listener = new ApiListener(http, connections, chain);
    ServerObjects objects = new ServerObjects(registry);
    Bootstrap bootstrap = new Bootstrap(vertx, objects);
    repair =
        new ServiceRepair(
            vertx,
            store,
            registry.lister(),
            objects,
            addresses,
            options.service().repairInterval());
    if (serviceAccounts != null) {
      serviceAccounts.start();
    }
    return registry
        .start()
        .compose(started -> expiry.start())
        .compose(started -> bootstrap.start())
        .compose(made -> here(repair.start()))
        .compose(repaired -> vertx.deployVerticle(listener))
        .compose(deployed -> another(http, connections, chain))
        .compose(deployed -> bootstrap.publishServiceRange(options.service().clusterIpRange()))
        .compose(made -> publish(objects))
        .compose(published -> bootstrap.publishAuthentication(authenticationData()))
        .onSuccess(
            published -> {
              bootstrapped = true;
              certificates.follow(() -> trust(x509, frontProxies, connections, bootstrap));
            });
  }

  private EgressSelector egress() throws IOException {
    EgressOptions chosen = options.egress();
    if (chosen.sshUser() != null) {
      tunnels = SshTunnels.open(vertx, chosen, options.kubelet());
      return EgressSelector.cluster(vertx, tunnels);
    }
    return chosen.configFile() == null
        ? EgressSelector.direct(vertx)
        : EgressSelector.configured(vertx, chosen.configFile(), dials);
  }

  /** What is deployed from elsewhere than this verticle's context would outlive it. */
  private <T> Future<T> here(Future<T> elsewhere) {
    Promise<T> promise = ((ContextInternal) context).promise();
    elsewhere.onComplete(promise);
    return promise.future();
  }

  /** Trusts the authorities that there are now, also on connections that are open. */
  private void trust(
      X509Authenticator x509,
      X509Authenticator frontProxies,
      ApiConnections connections,
      Bootstrap bootstrap) {
    x509.trust(certificates.clientCa());
    if (frontProxies != null) {
      frontProxies.trust(certificates.proxyCa());
    }
    connections.judgeAgain();
    listener
        .nameIssuers(certificates.issuers())
        .compose(named -> bootstrap.publishAuthentication(authenticationData()))
        .onSuccess(published -> LOG.info("authorities of clients were replaced"))
        .onFailure(e -> LOG.error("authorities of clients are not published: {}", e.getMessage()));
  }

  @Override
  public Future<?> stop() {
    stopping = true;
    certificates.stop();
    if (serviceAccounts != null) {
      serviceAccounts.stop();
    }
    return (endpoints == null ? Future.<Void>succeededFuture() : endpoints.stop())
        .eventually(() -> repair.stop())
        .eventually(() -> registry.stop())
        .eventually(() -> expiry.stop())
        .eventually(() -> proxies.stop())
        .eventually(() -> webhooks.stop())
        .eventually(() -> kubelets.stop())
        .eventually(() -> egress.close())
        .eventually(() -> auditor.close(vertx))
        .eventually(() -> shared == null ? store.close() : Future.<Void>succeededFuture());
  }

  /** Puts this server behind the {@code kubernetes} service. */
  private Future<Void> publish(ServerObjects objects) {
    endpoints =
        new LeaseEndpointReconciler(
            vertx,
            store,
            objects,
            new KubernetesServiceObjects(options.service().clusterIpRange(), port()),
            advertised(),
            options.service().times());
    return endpoints.start();
  }

  /**
   * Serves the same port by a second event loop; Vert.x deals connections out between the two. A
   * port that the system chose belongs to one listener.
   */
  private Future<String> another(
      HttpServerOptions http, ApiConnections connections, ApiChain chain) {
    return http.getPort() == 0
        ? Future.succeededFuture("")
        : vertx.deployVerticle(new ApiListener(http, connections, chain));
  }

  private ApiChain chain(X509Authenticator x509, ApiConnections connections) throws IOException {
    PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    InFlightLimits inFlight =
        new InFlightLimits(
            options.limits().maxRequestsInflight(), options.limits().maxMutatingRequestsInflight());
    List<String> audiences = options.authn().serviceAccounts().apiAudiences();
    List<Authenticator> tokens = tokenAuthenticators();
    List<Authenticator> authenticators = new ArrayList<>(tokens);
    authenticators.addFirst(x509);
    if (options.authn().requestHeader().clientCaFile() != null) {
      authenticators.addFirst(new FrontProxyAuthenticator(options.authn().requestHeader(), clock));
    }
    Endpoints special = new Endpoints();
    if (serviceAccounts != null) {
      special.serviceAccounts(
          serviceAccounts.tokenRequest(registry.lister(), admission),
          serviceAccounts.discovery(() -> advertised() + ":" + port()));
    }
    Endpoint endpoints =
        special
            .reviews(authorizer, new Authentication(tokens, path -> false, audiences), admission)
            .kubelet(
                vertx,
                registry.lister(),
                kubelets,
                proxies,
                options.kubelet(),
                options.proxy(),
                egress.to(EgressType.CLUSTER),
                admission)
            .health(
                checks(),
                () ->
                    meters.scrape()
                        + dials.text()
                        + webhookMetrics.text()
                        + (tunnels == null ? "" : tunnels.metrics()))
            .openApi()
            .dispatcher(new ResourceEndpoint(registry, authorizer), new DiscoveryEndpoint());
    gauges(meters, inFlight, connections);
    auditor = Auditor.open(options.audit(), clock, meters);
    return new ApiChain(
        vertx,
        connections,
        new Authentication(authenticators, options.authn()::letsAnonymousIn, audiences),
        new FrontProxyHeaders(options.authn().requestHeader()),
        authorizer,
        endpoints,
        inFlight,
        new RequestMetrics(meters),
        auditor,
        options.limits().requestTimeout());
  }

  private Admission admission(Lister lister) {
    webhooks =
        new WebhookClients(
            vertx,
            lister,
            new WebhookOptions(
                options.aggregatorRouting(),
                new AllowedAddresses(options.kubelet().loopbackRanges())
                    .and(options.proxy().loopbackRanges())),
            egress.to(EgressType.CLUSTER),
            egress.to(EgressType.CONTROL_PLANE),
            options.kubelet().localAddress());
    return WebhookAdmission.of(
        AdmissionPlugins.builtIn(vertx, lister, authorizer, options.admissionPlugins()),
        lister,
        webhooks,
        webhookMetrics,
        options.admissionPlugins().contains("MutatingAdmissionWebhook"),
        options.admissionPlugins().contains("ValidatingAdmissionWebhook"));
  }

  private List<Authenticator> tokenAuthenticators() {
    List<Authenticator> authenticators = new ArrayList<>();
    if (staticTokens != null) {
      authenticators.add(staticTokens);
    }
    if (serviceAccounts != null) {
      authenticators.add(serviceAccounts.authenticator(registry.lister()));
    }
    if (options.authn().bootstrapTokens()) {
      authenticators.add(
          new BootstrapTokenAuthenticator(registry.lister(), ResourceTable.SECRETS.type(), clock));
    }
    return authenticators;
  }

  private Authorizer authorizer(Lister lister) {
    List<Authorizer> authorizers = new ArrayList<>();
    for (String mode : options.authorizationModes()) {
      authorizers.add(
          switch (mode) {
            case "Node" ->
                new NodeAuthorizer(
                    lister,
                    new NodeAuthorizer.Types(
                        ResourceTable.PODS.type(),
                        type("", "persistentvolumes"),
                        type("storage.k8s.io", "volumeattachments")),
                    BootstrapPolicy.nodeRules());
            case "RBAC" ->
                new RbacAuthorizer(
                    lister,
                    new RbacAuthorizer.Types(
                        ResourceTable.ROLES.type(),
                        ResourceTable.ROLE_BINDINGS.type(),
                        ResourceTable.CLUSTER_ROLES.type(),
                        ResourceTable.CLUSTER_ROLE_BINDINGS.type()));
            case "AlwaysAllow" -> new AlwaysAllow();
            default ->
                throw new IllegalArgumentException(
                    "--authorization-mode: \""
                        + mode
                        + "\" is not known, expected Node, RBAC or AlwaysAllow");
          });
    }
    return new AuthorizerChain(authorizers);
  }

  private static Optional<ResourceType> type(String group, String plural) {
    return ResourceTable.lookup(group, "v1", plural).map(Resource::type);
  }

  private static void gauges(
      MeterRegistry meters, InFlightLimits inFlight, ApiConnections connections) {
    String name = "apiserver_current_inflight_requests";
    meters.gauge(name, Tags.of("request_kind", "readOnly"), inFlight, InFlightLimits::reading);
    meters.gauge(name, Tags.of("request_kind", "mutating"), inFlight, InFlightLimits::mutating);
    meters.gauge("apiserver_open_connections", connections, ApiConnections::size);
  }

  private HealthChecks checks() {
    HealthChecks checks =
        new HealthChecks()
            .live("ping", () -> true)
            .live("log", () -> true)
            .live("poststarthook/rbac/bootstrap-roles", () -> bootstrapped)
            .live("poststarthook/bootstrap-controller", () -> bootstrapped)
            .ready("store", store::ready)
            .ready("shutdown", () -> !stopping);
    return tunnels == null ? checks : checks.live("SSH Tunnel Check", tunnels::isHealthy);
  }

  /** What others need to authenticate as this server does: its authorities, and its proxies. */
  private Map<String, String> authenticationData() {
    List<X509Certificate> clientCa = certificates.clientCa();
    List<X509Certificate> proxyCa = certificates.proxyCa();
    Map<String, String> data = new LinkedHashMap<>();
    if (!clientCa.isEmpty()) {
      data.put("client-ca-file", Pem.encode(clientCa));
    }
    if (!proxyCa.isEmpty()) {
      RequestHeaderOptions proxies = options.authn().requestHeader();
      data.put("requestheader-client-ca-file", Pem.encode(proxyCa));
      data.put("requestheader-allowed-names", json(proxies.allowedNames()));
      data.put("requestheader-username-headers", json(proxies.usernameHeaders()));
      data.put("requestheader-uid-headers", json(proxies.uidHeaders()));
      data.put("requestheader-group-headers", json(proxies.groupHeaders()));
      data.put("requestheader-extra-headers-prefix", json(proxies.extraHeaderPrefixes()));
    }
    return data;
  }

  private static String json(List<String> values) {
    var array = Json.object().putArray("values");
    values.forEach(array::add);
    return array.toString();
  }

  private String advertised() {
    String given = options.service().advertiseAddress();
    return given == null ? options.serving().bindAddress() : given;
  }
}
