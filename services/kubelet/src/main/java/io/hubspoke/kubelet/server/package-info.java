/** The kubelet's HTTPS API: who may call it, its paths, and what stands behind each. */
package io.hubspoke.kubelet.server;
