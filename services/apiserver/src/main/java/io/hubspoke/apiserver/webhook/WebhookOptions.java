package io.hubspoke.apiserver.webhook;

import io.hubspoke.apiserver.kubeletclient.AllowedAddresses;

/**
 * Where the services of webhooks are dialled.
 *
 * @param aggregatorRouting {@code --enable-aggregator-routing}: at an endpoint rather than at the
 *     service's virtual address
 * @param allowed where endpoints may be
 */
public record WebhookOptions(boolean aggregatorRouting, AllowedAddresses allowed) {}
