/**
 * Ways from the control plane to the nodes: who dials sees a {@link io.hubspoke.tunnel.Dialer} and
 * not what is beneath it.
 */
package io.hubspoke.tunnel;
