/** What a kube-proxy tells of itself and of the services on its node, over HTTP. */
package io.hubspoke.kubeproxy.health;
