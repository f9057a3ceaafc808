package io.hubspoke.kubeproxy.nftables;

/** Where a connection is sent, its address in the one spelling that scripts have. */
record Backend(String ip, int port) {}
