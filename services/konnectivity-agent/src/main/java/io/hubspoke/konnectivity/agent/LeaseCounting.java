package io.hubspoke.konnectivity.agent;

import io.hubspoke.client.ClientConfig;

/**
 * Which leases stand for a server each.
 *
 * @param client the apiserver, and the credentials to show it
 * @param label a label selector
 */
public record LeaseCounting(ClientConfig client, String namespace, String label) {}
