package io.hubspoke.lab.audit;

import java.util.List;

/** What the apiserver's proxy verbs reach. */
enum ProxyTarget {
  NODE("C4", "nodes/proxy", Grant.Scope.CLUSTER),
  POD("C5", "pods/proxy", Grant.Scope.NAMESPACE),
  SERVICE("C6", "services/proxy", Grant.Scope.NAMESPACE);

  private final String id;
  private final String resource;
  private final Grant.Scope scope;

  ProxyTarget(String id, String resource, Grant.Scope scope) {
    this.id = id;
    this.resource = resource;
    this.scope = scope;
  }

  String id() {
    return id;
  }

  /** In the table of routes: "apiserver proxy to a node". */
  String title() {
    return "apiserver proxy to a " + kind();
  }

  private String kind() {
    return resource.substring(0, resource.indexOf('/') - 1);
  }

  Grant.Scope scope() {
    return scope;
  }

  /**
   * Rights to these verbs of the proxy of one object.
   *
   * @param reference as it is asked for: a role has to name scheme and port too
   */
  Grant.Rule rule(String reference, String... verbs) {
    return new Grant.Rule(List.of(resource), List.of(reference), List.of(verbs));
  }

  /** Rights to read the object itself, which say nothing of its proxy. */
  Grant.Rule readingTheObject(String name) {
    return new Grant.Rule(List.of(kind() + "s"), List.of(name), List.of("get"));
  }

  /**
   * Returns how the proxy is told where to go.
   *
   * @param tls whether the apiserver shall speak HTTPS to it
   */
  String reference(String name, int port, boolean tls) {
    return (tls ? "https:" : "") + name + ":" + port;
  }

  /** Returns the path of an object's proxy. */
  String path(String reference) {
    return "/api/v1/%s%ss/%s/proxy"
        .formatted(
            scope == Grant.Scope.NAMESPACE ? "namespaces/" + Workload.NAMESPACE + "/" : "",
            kind(),
            reference);
  }
}
