package io.hubspoke.kubeproxy.rules;

import io.hubspoke.client.Item;

/**
 * What load balancers are told that ask a node whether to send it a service's connections.
 *
 * @param port the service's healthCheckNodePort
 * @param count its ready endpoints on this node
 */
public record LocalEndpoints(Item.Key service, int port, int count) {}
