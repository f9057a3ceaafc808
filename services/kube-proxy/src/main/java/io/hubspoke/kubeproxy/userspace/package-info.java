/** Forwarding by this process itself, where there is no packet filter to do it. */
package io.hubspoke.kubeproxy.userspace;
