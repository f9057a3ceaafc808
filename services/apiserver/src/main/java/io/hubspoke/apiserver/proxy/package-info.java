/**
 * Passes requests on: to kubelets for exec, attach and port-forward, and to whatever nodes, pods
 * and services serve, through their {@code proxy} subresources.
 */
package io.hubspoke.apiserver.proxy;
