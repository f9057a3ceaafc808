/** Forwards in the kernel: programs nftables by {@code nft}, in one table of its own. */
package io.hubspoke.kubeproxy.nftables;
