/** What a kube-proxy measures of itself. */
package io.hubspoke.kubeproxy.metrics;
