package io.hubspoke.apiserver;

import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.admission.Admission;
import io.hubspoke.apiserver.admission.ConnectReview;
import io.hubspoke.apiserver.admission.CreationReview;
import io.hubspoke.apiserver.authn.Authentication;
import io.hubspoke.apiserver.authz.Authorizer;
import io.hubspoke.apiserver.egress.Egress;
import io.hubspoke.apiserver.health.HealthChecks;
import io.hubspoke.apiserver.health.HealthEndpoint;
import io.hubspoke.apiserver.health.InfoEndpoints;
import io.hubspoke.apiserver.http.ApiDispatcher;
import io.hubspoke.apiserver.http.ApiDispatcher.ResourceKey;
import io.hubspoke.apiserver.http.Endpoint;
import io.hubspoke.apiserver.kubeletclient.AllowedAddresses;
import io.hubspoke.apiserver.kubeletclient.KubeletClient;
import io.hubspoke.apiserver.kubeletclient.KubeletClientOptions;
import io.hubspoke.apiserver.kubeletclient.NodeAddresses;
import io.hubspoke.apiserver.kubeletclient.PodLogEndpoint;
import io.hubspoke.apiserver.openapi.OpenApiEndpoint;
import io.hubspoke.apiserver.proxy.PodStreamEndpoint;
import io.hubspoke.apiserver.proxy.ProxyClient;
import io.hubspoke.apiserver.proxy.ProxyEndpoint;
import io.hubspoke.apiserver.proxy.ProxyOptions;
import io.hubspoke.apiserver.registry.Lister;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.hubspoke.apiserver.reviews.AccessReviews;
import io.hubspoke.apiserver.reviews.IdentityReviews;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Lists what the server answers beside plain resources, and where. */
final class Endpoints {
  private final Map<ResourceKey, Endpoint> special = new HashMap<>();
  private final Map<String, Endpoint> paths = new HashMap<>();

  Endpoints reviews(Authorizer authorizer, Authentication tokens, Admission admission) {
    AccessReviews access = new AccessReviews(authorizer);
    special("authorization.k8s.io", "selfsubjectaccessreviews", "", access.selfSubjectAccess());
    special("authorization.k8s.io", "selfsubjectrulesreviews", "", access.selfSubjectRules());
    special("authorization.k8s.io", "subjectaccessreviews", "", access.subjectAccess());
    special("authorization.k8s.io", "localsubjectaccessreviews", "", access.localSubjectAccess());
    IdentityReviews identity = new IdentityReviews(tokens);
    special("authentication.k8s.io", "selfsubjectreviews", "", identity.selfSubject());
    special("authentication.k8s.io", "tokenreviews", "", identity.token());
    for (ResourceType type : ResourceTable.types()) {
      var key = new ResourceKey(type.group(), type.version(), type.plural(), "");
      special.computeIfPresent(key, (k, review) -> new CreationReview(type, admission, review));
    }
    return this;
  }

  Endpoints kubelet(
      Vertx vertx,
      Lister lister,
      KubeletClient kubelets,
      ProxyClient proxies,
      KubeletClientOptions options,
      ProxyOptions proxy,
      Egress egress,
      Admission admission) {
    NodeAddresses addresses =
        new NodeAddresses(vertx, lister, ResourceTable.NODES.type(), options, egress);
    special(
        "",
        "pods",
        "log",
        new PodLogEndpoint(lister, ResourceTable.PODS.type(), addresses, kubelets));
    AllowedAddresses allowed =
        new AllowedAddresses(options.loopbackRanges()).and(proxy.loopbackRanges());
    ResourceType pods = ResourceTable.PODS.type();
    connect(
        ResourceTable.NODES.type(), "proxy", ProxyEndpoint.nodes(addresses, proxies), admission);
    connect(pods, "proxy", ProxyEndpoint.pods(lister, allowed, proxies), admission);
    connect(
        ResourceTable.SERVICES.type(),
        "proxy",
        ProxyEndpoint.services(lister, allowed, proxies),
        admission);
    for (PodStreamEndpoint.Kind kind : PodStreamEndpoint.Kind.values()) {
      connect(
          pods,
          kind.subresource(),
          new PodStreamEndpoint(kind, lister, pods, addresses, kubelets),
          admission);
    }
    return this;
  }

  private void connect(
      ResourceType type, String subresource, Endpoint endpoint, Admission admission) {
    special("", type.plural(), subresource, new ConnectReview(type, admission, endpoint));
  }

  Endpoints health(HealthChecks checks, Supplier<String> metrics) {
    for (String probe : new String[] {"livez", "readyz", "healthz"}) {
      Endpoint endpoint = new HealthEndpoint(probe, checks);
      paths.put("/" + probe, endpoint);
      paths.put("/" + probe + "/", endpoint);
    }
    paths.put("/version", InfoEndpoints.version());
    paths.put("/version/", InfoEndpoints.version());
    paths.put("/metrics", InfoEndpoints.metrics(metrics));
    return this;
  }

  /** What there is of tokens of service accounts when they are issued here. */
  Endpoints serviceAccounts(Endpoint tokenRequest, Map<String, Endpoint> issuerDiscovery) {
    special("", "serviceaccounts", "token", tokenRequest);
    paths.putAll(issuerDiscovery);
    return this;
  }

  Endpoints openApi() {
    Endpoint openApi = new OpenApiEndpoint(ResourceTable.types());
    paths.put("/openapi/v2", openApi);
    paths.put("/openapi/v3", openApi);
    paths.put("/openapi/v3/", openApi);
    return this;
  }

  /** Puts resources and discovery beside these. */
  Endpoint dispatcher(Endpoint resources, Endpoint discovery) {
    var listed = new java.util.TreeSet<>(paths.keySet());
    listed.removeIf(path -> path.endsWith("/"));
    listed.add("/api");
    listed.add("/apis");
    ResourceTable.types().stream()
        .map(type -> type.group().isEmpty() ? "/api/v1" : "/apis/" + type.apiVersion())
        .forEach(listed::add);
    paths.put("/", InfoEndpoints.paths(listed));
    return new ApiDispatcher(special, resources, paths, discovery);
  }

  private void special(String group, String resource, String subresource, Endpoint endpoint) {
    special.put(new ResourceKey(group, "v1", resource, subresource), endpoint);
  }
}
