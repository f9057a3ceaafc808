/** The kube-proxy: leads the virtual addresses of services to their endpoints. */
package io.hubspoke.kubeproxy;
