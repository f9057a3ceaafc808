/**
 * SSH on Vert.x's event loops, by Apache MINA SSHD: a {@link io.hubspoke.tunnel.Dialer} over one
 * connection to a node, and what a node's own end of it shares with that: keys, algorithms and the
 * bytes of a channel.
 */
package io.hubspoke.tunnel.ssh;
