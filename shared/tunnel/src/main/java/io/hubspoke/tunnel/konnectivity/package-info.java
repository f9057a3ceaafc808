/**
 * The protocol of Konnectivity (apiserver-network-proxy): its packets, and what its ends tell each
 * other in metadata.
 */
package io.hubspoke.tunnel.konnectivity;
