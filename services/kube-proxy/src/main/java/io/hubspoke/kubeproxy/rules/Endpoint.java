package io.hubspoke.kubeproxy.rules;

/**
 * Where a connection to a service may end.
 *
 * @param local whether it is on the node of this kube-proxy
 */
public record Endpoint(String ip, int port, boolean local) {}
