/**
 * Measures the ways from the control plane to nodes against each other: directly and by tunnels.
 */
package io.hubspoke.lab.bench.tunnel;
