/** Lets one of several replicas act, by a Lease that it renews. */
package io.hubspoke.client.election;
