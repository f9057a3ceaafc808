/** What a node has to forward, worked out of services and endpoint slices. */
package io.hubspoke.kubeproxy.rules;
