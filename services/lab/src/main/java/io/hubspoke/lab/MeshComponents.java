package io.hubspoke.lab;

import io.hubspoke.api.AddressRange;
import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.apiserver.authn.RequestHeaderOptions;
import io.hubspoke.apiserver.egress.EgressOptions;
import io.hubspoke.apiserver.kubeletclient.KubeletClientOptions;
import io.hubspoke.apiserver.proxy.ProxyOptions;
import io.hubspoke.apiserver.serviceaccount.ServiceAccountOptions;
import io.hubspoke.client.serving.SecureServing;
import io.hubspoke.controllermanager.ControllerManagerOptions;
import io.hubspoke.controllermanager.certificates.KubeletServingRanges;
import io.hubspoke.kubelet.KubeletOptions;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.lab.join.ClusterInfo;
import io.hubspoke.lab.join.KubeletConfig;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.scheduler.SchedulerOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** What the components of a mesh are started with, by its options. */
record MeshComponents(MeshOptions options, Addresses addresses, ClusterFiles files) {
  private static final String SERVICE_ACCOUNT_ISSUER =
      "https://kubernetes.default.svc.cluster.local";

  /** What the apiserver is started with, which dials through this. */
  ApiserverOptions apiserver(EgressOptions egress) {
    var kubelets =
        KubeletClientOptions.DEFAULT
            .withClient(files.kubeletClientCertificate(), files.kubeletClientKey())
            .withPreferredAddressTypes(List.of("InternalIP"))
            .withLocalAddress(addresses.apiserver())
            .withLoopbackRanges(List.of(AddressRange.parse(addresses.nodeRange())));
    if (options.posture() == MeshOptions.Posture.VERIFIED) {
      kubelets = kubelets.withCertificateAuthority(files.caCertificate());
    }
    var serving =
        new ApiserverOptions.Serving(
            addresses.apiserver(),
            Addresses.API_PORT,
            files.servingCertificate(),
            files.servingKey());
    return options
        .changes()
        .apiserver()
        .apply(
            ApiserverOptions.secure(serving, files.caCertificate())
                .with(
                    new ApiserverOptions.KubernetesService(
                        addresses.nodesUplink(), addresses.serviceRange()))
                .with(
                    new ApiserverOptions.Authn(files.caCertificate(), false, true)
                        .withAnonymousPaths(ClusterPublication.ANONYMOUS_PATHS)
                        .with(
                            RequestHeaderOptions.of(
                                files.frontProxyCa(), List.of(ClusterFiles.FRONT_PROXY)))
                        .with(
                            ServiceAccountOptions.of(
                                SERVICE_ACCOUNT_ISSUER,
                                files.serviceAccountKey(),
                                files.serviceAccountPublicKey())))
                .withAdmissionPlugins(
                    List.of(
                        "NodeRestriction",
                        "ServiceAccount",
                        "MutatingAdmissionWebhook",
                        "ValidatingAdmissionWebhook"))
                .withAggregatorRouting()
                .with(new ProxyOptions(List.of(AddressRange.parse(addresses.podRange()))))
                .with(egress)
                .with(kubelets));
  }

  /** What the controller manager is started with. */
  ControllerManagerOptions controllerManager() {
    var client =
        files
            .client(addresses.controllerManagerUplink(), files.controllerManager())
            .withKubeconfig(files.kubeconfig("controller-manager"))
            .withLocalAddress(addresses.controllerManager())
            .withUserAgent("kube-controller-manager");
    client = options.changes().controlPlane().apply(client);
    var manager =
        ControllerManagerOptions.of(client)
            .withServing(SecureServing.onLoopback(client))
            .withClusterSigning(files.caCertificate(), files.caKey(), Duration.ofDays(365))
            .withRootCaFile(files.caCertificate())
            .withServiceAccountPrivateKeyFile(files.serviceAccountKey());
    if (options.posture() == MeshOptions.Posture.VERIFIED) {
      manager =
          manager.withKubeletServing(
              new KubeletServingRanges(
                  List.of(AddressRange.parse(addresses.nodeRange())),
                  List.of(AddressRange.parse(addresses.serviceRange()))));
    }
    return options.changes().controllerManager().apply(manager);
  }

  /** What the scheduler is started with. */
  SchedulerOptions scheduler() {
    var client =
        files
            .client(addresses.schedulerUplink(), files.scheduler())
            .withKubeconfig(files.kubeconfig("scheduler"))
            .withLocalAddress(addresses.scheduler())
            .withUserAgent("kube-scheduler");
    client = options.changes().controlPlane().apply(client);
    return SchedulerOptions.of(client).withServing(SecureServing.onLoopback(client));
  }

  /** What nodes are told of the apiserver. */
  Kubeconfig.Cluster nodeCluster() {
    return options
        .changes()
        .nodeCluster()
        .apply(
            Kubeconfig.Cluster.trusting(
                Addresses.url(addresses.nodesUplink()), files.ca().certificate()));
  }

  /** What nodes that join by themselves are told. */
  ClusterPublication publication() {
    var open = options.posture() == MeshOptions.Posture.OPEN;
    return new ClusterPublication(
        new ClusterInfo(Addresses.url(addresses.nodesUplink()), List.of(files.ca().certificate())),
        new KubeletConfig(
            open,
            (open ? AuthorizationMode.ALWAYS_ALLOW : AuthorizationMode.WEBHOOK).toString(),
            options.posture() == MeshOptions.Posture.VERIFIED));
  }

  /** What runs the containers of nodes. */
  RuntimeEndpoint containerRuntimeEndpoint() {
    return options
        .changes()
        .kubelet()
        .apply(kubelet("any", 1, null))
        .build()
        .containerRuntimeEndpoint();
  }

  /** What the kubelet of the n-th node is started with. */
  KubeletOptions.Builder kubelet(String name, int n, Path bootstrap) {
    var open = options.posture() == MeshOptions.Posture.OPEN;
    var kubelet =
        KubeletOptions.node(name, addresses.nodeAdvertises(n), files.node(name))
            .address(addresses.nodeListens(n))
            .port(Addresses.KUBELET_PORT)
            .bootstrapKubeconfig(bootstrap)
            .clientCaFile(files.caCertificate())
            .anonymousAuth(open)
            .server(server -> server.tokenWebhook(true))
            .authorizationMode(open ? AuthorizationMode.ALWAYS_ALLOW : AuthorizationMode.WEBHOOK)
            .rotateServerCertificates(options.posture() == MeshOptions.Posture.VERIFIED)
            .podCidr(addresses.podCidr(n));
    return options.wiredPods() ? kubelet.podListenCidr(addresses.podListenCidr(n)) : kubelet;
  }
}
