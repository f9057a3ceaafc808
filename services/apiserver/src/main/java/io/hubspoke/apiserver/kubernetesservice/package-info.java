/** The {@code kubernetes} service: how clients inside the cluster find the replicas that run. */
package io.hubspoke.apiserver.kubernetesservice;
