/** The node agent: registers its node, runs the pods bound to it and serves their logs. */
package io.hubspoke.kubelet;
