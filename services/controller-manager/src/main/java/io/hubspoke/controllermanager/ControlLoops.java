package io.hubspoke.controllermanager;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.Informer;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.client.WorkQueues;
import io.hubspoke.controllermanager.certificates.AccessReviews;
import io.hubspoke.controllermanager.certificates.Approver;
import io.hubspoke.controllermanager.certificates.CsrApprovingController;
import io.hubspoke.controllermanager.certificates.CsrCleaner;
import io.hubspoke.controllermanager.certificates.CsrSigningController;
import io.hubspoke.controllermanager.certificates.KubeletClientApprover;
import io.hubspoke.controllermanager.certificates.KubeletServingApprover;
import io.hubspoke.controllermanager.certificates.KubernetesService;
import io.hubspoke.controllermanager.certificates.NodeAddressClaims;
import io.hubspoke.controllermanager.certificates.RequestLoop;
import io.hubspoke.controllermanager.daemonsets.DaemonSetController;
import io.hubspoke.controllermanager.disruption.DisruptionController;
import io.hubspoke.controllermanager.endpoints.Backends;
import io.hubspoke.controllermanager.endpoints.EndpointSliceController;
import io.hubspoke.controllermanager.endpoints.EndpointSliceMirroringController;
import io.hubspoke.controllermanager.endpoints.EndpointSlices;
import io.hubspoke.controllermanager.endpoints.EndpointsController;
import io.hubspoke.controllermanager.garbagecollection.GarbageCollector;
import io.hubspoke.controllermanager.namespaces.NamespaceController;
import io.hubspoke.controllermanager.namespaces.NamespacePublisher;
import io.hubspoke.controllermanager.nodes.NodeIpamController;
import io.hubspoke.controllermanager.nodes.NodeLifecycleController;
import io.hubspoke.controllermanager.nodes.PodGarbageCollector;
import io.hubspoke.controllermanager.nodes.TaintEviction;
import io.hubspoke.controllermanager.roles.ClusterRoleAggregationController;
import io.hubspoke.controllermanager.serviceaccounts.TokenSecretController;
import io.hubspoke.controllermanager.statefulsets.StatefulSetController;
import io.hubspoke.controllermanager.workloads.DeploymentController;
import io.hubspoke.controllermanager.workloads.JobController;
import io.hubspoke.controllermanager.workloads.OwnedIndex;
import io.hubspoke.controllermanager.workloads.ReplicaKind;
import io.hubspoke.controllermanager.workloads.ReplicaSetController;
import io.hubspoke.controllermanager.workloads.TemplateRevisions;
import io.hubspoke.controllermanager.workloads.TtlAfterFinishedController;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Pem;
import io.hubspoke.runtime.FollowedFiles;
import io.hubspoke.tokens.TokenSigner;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Wires controllers to the informers they share; runs on virtual threads. */
final class ControlLoops extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(ControlLoops.class);
  private static final Duration LOOK_AT_FILES = Duration.ofSeconds(1);

  private final ControllerManagerOptions options;
  private final WorkQueues queues;
  private final Map<Watched, Informer<?>> informers = new LinkedHashMap<>();
  private final Map<Informer<?>, OwnedIndex<?>> indexes = new LinkedHashMap<>();
  private final List<Controller> controllers = new ArrayList<>();
  private final List<FollowedFiles<?>> followed = new ArrayList<>();
  private final List<Consumer<String>> rootCaUsers = new ArrayList<>();
  private FollowedFiles<String> rootCa;
  private ApiClient client;
  private ApiClient collectorsClient;

  ControlLoops(ControllerManagerOptions options, WorkQueues queues) {
    this.options = options;
    this.queues = queues;
  }

  @Override
  public Future<?> start() throws IOException {
    queues.measure(context);
    var config = options.client().withUserAgent(ControllerManager.USER_AGENT);
    client = new ApiClient(vertx, config);
    rootCa = rootCa();
    var nodes = informer(Resource.NODES, ListOptions.ALL);
    certificates(nodes);
    nodes(nodes);
    namespaces();
    endpoints(nodes);
    serviceAccountTokens();
    controllers.add(
        new ClusterRoleAggregationController(
            client,
            context,
            informer(ClusterRoleAggregationController.CLUSTER_ROLES, ListOptions.ALL)));
    controllers.add(
        new DisruptionController(
            client,
            context,
            informer(DisruptionController.BUDGETS, ListOptions.ALL),
            informer(Resource.PODS, ListOptions.ALL)));
    bootstrapTokens();
    workloads();
    daemonSets(nodes);
    statefulSets();
    collectorsClient = new ApiClient(vertx, config);
    controllers.add(new GarbageCollector(collectorsClient, context));
    // Handlers are registered by now, so none misses the first list.
    informers.values().forEach(Informer::start);
    if (rootCa != null) {
      rootCa.follow(
          LOOK_AT_FILES, authority -> rootCaUsers.forEach(user -> user.accept(authority)));
    }
    return Future.succeededFuture();
  }

  @Override
  public Future<?> stop() {
    var ended = new ArrayList<Future<Void>>();
    followed.forEach(FollowedFiles::stop);
    informers.values().forEach(informer -> ended.add(informer.stop()));
    controllers.forEach(controller -> ended.add(controller.stop()));
    // Requests in flight fail now, so that the loops that wait for them end.
    return Future.join(client.close(), collectorsClient.close())
        .eventually(() -> Future.join(ended));
  }

  private void certificates(Informer<Node> nodes) throws IOException {
    var requests = informer(Resource.CERTIFICATE_SIGNING_REQUESTS, ListOptions.ALL);
    List<Approver> serving =
        options.kubeletServing() == null ? List.of() : List.of(servingApprover(nodes));
    var approvers = new ArrayList<>(serving);
    var joining = new KubeletClientApprover(new AccessReviews(client), this::node);
    nodes.addHandler(joining);
    approvers.add(joining);
    var approving = new CsrApprovingController(client, approvers);
    controllers.add(new RequestLoop("csrapproving", context, 4, requests, approving));
    controllers.add(new RequestLoop("csrcleaner", context, 1, requests, new CsrCleaner(client)));
    if (options.clusterSigningCertFile() != null) {
      var signing =
          new CsrSigningController(
              client, signingAuthority(), options.clusterSigningDuration(), serving);
      controllers.add(new RequestLoop("csrsigning", context, 4, requests, signing));
    }
  }

  /** Asks, since an informer may not have heard yet of a node that joined just now. */
  private Optional<Node> node(String name) {
    try {
      return Optional.of(client.get(Resource.NODES, "", name).await());
    } catch (ApiException e) {
      if (e.code() == 404) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** The signing certificate and its key are replaced on disk without a restart. */
  private Supplier<CertificateAuthority> signingAuthority() throws IOException {
    var certificate = options.clusterSigningCertFile();
    var key = options.clusterSigningKeyFile();
    var authority =
        follow(
            "--cluster-signing-cert-file, --cluster-signing-key-file",
            List.of(certificate, key),
            () -> CertificateAuthority.read(certificate, key));
    authority.follow(LOOK_AT_FILES, changed -> LOG.info("the signing certificate was replaced"));
    return authority::current;
  }

  private <T> FollowedFiles<T> follow(String flags, List<Path> files, Callable<T> reading)
      throws IOException {
    var following = new FollowedFiles<>(vertx, flags, files, reading);
    followed.add(following);
    return following;
  }

  /** The cluster's authority in PEM, as it is on disk; null when none is to be published. */
  private FollowedFiles<String> rootCa() throws IOException {
    var file = options.rootCaFile();
    return file == null
        ? null
        : follow("--root-ca-file", List.of(file), () -> Pem.encode(Pem.readCertificates(file)));
  }

  private KubeletServingApprover servingApprover(Informer<Node> nodes) {
    var claims = new NodeAddressClaims(() -> nodes.hasSynced().isComplete());
    nodes.addHandler(claims);
    return new KubeletServingApprover(
        claims,
        options.kubeletServing(),
        new KubernetesService(client)::addresses,
        Clock.systemUTC());
  }

  private void nodes(Informer<Node> nodes) {
    var leases = informer(Resource.LEASES.tree(), ListOptions.inNamespace("kube-node-lease"));
    var events = new EventRecorder(client, "node-controller", "");
    controllers.add(
        new NodeLifecycleController(
            client,
            context,
            events,
            nodes,
            leases,
            options.nodeMonitorPeriod(),
            options.nodeMonitorGracePeriod(),
            options.nodeStartupGracePeriod()));
    controllers.add(new TaintEviction(client, context, events, nodes));
    if (options.nodeRanges() != null) {
      controllers.add(
          new NodeIpamController(client, context, events, nodes, options.nodeRanges().ranges()));
    }
    var pods = informer(Resource.PODS, ListOptions.ALL);
    controllers.add(new PodGarbageCollector(client, context, nodes, pods, options.podGarbage()));
  }

  private void namespaces() throws IOException {
    var namespaces = informer(Resource.NAMESPACES.tree(), ListOptions.ALL);
    controllers.add(new NamespaceController(client, context, namespaces));
    var accounts = ListOptions.ALL.withFieldSelector("metadata.name=default");
    controllers.add(
        NamespacePublisher.defaultServiceAccount(
            client, context, namespaces, informer(Resource.SERVICE_ACCOUNTS.tree(), accounts)));
    if (rootCa != null) {
      var maps = ListOptions.ALL.withFieldSelector("metadata.name=kube-root-ca.crt");
      var publisher =
          NamespacePublisher.rootCa(
              client,
              context,
              namespaces,
              informer(Resource.CONFIG_MAPS.tree(), maps),
              rootCa.current());
      controllers.add(publisher);
      rootCaUsers.add(publisher::replaceRootCa);
    }
  }

  private void endpoints(Informer<Node> nodes) {
    var services = informer(Resource.SERVICES, ListOptions.ALL);
    var slices = informer(EndpointSlices.RESOURCE, ListOptions.ALL);
    var endpoints = informer(Resource.ENDPOINTS, ListOptions.ALL);
    var backends = new Backends(services, informer(Resource.PODS, ListOptions.ALL));
    controllers.add(new EndpointSliceController(client, context, backends, nodes, slices));
    controllers.add(new EndpointsController(client, context, backends, endpoints));
    controllers.add(
        new EndpointSliceMirroringController(client, context, services, endpoints, slices));
  }

  private void bootstrapTokens() {
    var tokens =
        informer(
            Resource.SECRETS.tree(),
            ListOptions.inNamespace(BootstrapTokenCleaner.NAMESPACE)
                .withFieldSelector("type=" + BootstrapTokenSecret.TYPE));
    var clusterInfo =
        informer(
            Resource.CONFIG_MAPS.tree(),
            ListOptions.inNamespace(BootstrapSigner.NAMESPACE)
                .withFieldSelector("metadata.name=" + BootstrapSigner.NAME));
    controllers.add(new BootstrapTokenCleaner(client, context, tokens));
    controllers.add(new BootstrapSigner(client, context, clusterInfo, tokens));
  }

  private void serviceAccountTokens() throws IOException {
    var keyFile = options.serviceAccountPrivateKeyFile();
    if (keyFile == null) {
      return;
    }
    var signer =
        follow(
            "--service-account-private-key-file",
            List.of(keyFile),
            () -> new TokenSigner(vertx, Pem.readPrivateKey(keyFile)));
    signer.follow(LOOK_AT_FILES, changed -> LOG.info("the key of service accounts was replaced"));
    var tokens = ListOptions.ALL.withFieldSelector("type=" + TokenSecretController.TYPE);
    var controller =
        new TokenSecretController(
            client,
            context,
            informer(Resource.SERVICE_ACCOUNTS.tree(), ListOptions.ALL),
            informer(Resource.SECRETS.tree(), tokens),
            signer::current,
            rootCa == null ? "" : rootCa.current());
    controllers.add(controller);
    rootCaUsers.add(controller::replaceRootCa);
  }

  private void workloads() {
    var pods = informer(Resource.PODS, ListOptions.ALL);
    replicas(ReplicaKind.REPLICA_SETS, pods);
    replicas(ReplicaKind.REPLICATION_CONTROLLERS, pods);
    var sets = informer(ReplicaKind.REPLICA_SETS.resource(), ListOptions.ALL);
    controllers.add(
        new DeploymentController(
            client,
            context,
            informer(DeploymentController.DEPLOYMENTS, ListOptions.ALL),
            sets,
            index(sets),
            pods,
            index(pods)));
    var jobs = informer(JobController.JOBS, ListOptions.ALL);
    controllers.add(new JobController(client, context, jobs, pods, index(pods)));
    controllers.add(new TtlAfterFinishedController(client, context, jobs));
  }

  private <T extends HasMetadata> void replicas(ReplicaKind<T> kind, Informer<Pod> pods) {
    var sets = informer(kind.resource(), ListOptions.ALL);
    controllers.add(
        new ReplicaSetController<>(kind, client, context, sets, index(sets), pods, index(pods)));
  }

  private void daemonSets(Informer<Node> nodes) {
    var pods = informer(Resource.PODS, ListOptions.ALL);
    var revisions = informer(TemplateRevisions.CONTROLLER_REVISIONS, ListOptions.ALL);
    controllers.add(
        new DaemonSetController(
            client,
            context,
            informer(DaemonSetController.DAEMON_SETS, ListOptions.ALL),
            revisions,
            index(revisions),
            nodes,
            pods,
            index(pods)));
  }

  private void statefulSets() {
    var pods = informer(Resource.PODS, ListOptions.ALL);
    var revisions = informer(TemplateRevisions.CONTROLLER_REVISIONS, ListOptions.ALL);
    controllers.add(
        new StatefulSetController(
            client,
            context,
            informer(StatefulSetController.STATEFUL_SETS, ListOptions.ALL),
            revisions,
            index(revisions),
            pods,
            index(pods)));
  }

  private record Watched(Resource<?> resource, ListOptions which) {}

  /** Returns the one index by owner of an informer's objects. */
  @SuppressWarnings("unchecked")
  private <T extends HasMetadata> OwnedIndex<T> index(Informer<T> informer) {
    return (OwnedIndex<T>) indexes.computeIfAbsent(informer, watching -> OwnedIndex.of(informer));
  }

  /** Returns the one informer of all controllers that watch the same. */
  @SuppressWarnings("unchecked")
  private <T> Informer<T> informer(Resource<T> resource, ListOptions which) {
    return (Informer<T>)
        informers.computeIfAbsent(
            new Watched(resource, which),
            watched -> new Informer<>(client, resource, which, context));
  }
}
