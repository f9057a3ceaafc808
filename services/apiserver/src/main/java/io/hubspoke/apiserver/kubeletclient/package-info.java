/** Reaches kubelets: finds a node's address, connects as the apiserver, streams logs. */
package io.hubspoke.apiserver.kubeletclient;
