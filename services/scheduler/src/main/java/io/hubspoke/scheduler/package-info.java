/** The kube-scheduler: finds a node for every pod. */
package io.hubspoke.scheduler;
