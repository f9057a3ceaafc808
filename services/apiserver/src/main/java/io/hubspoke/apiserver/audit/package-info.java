/** Records who asked for what, and how it was answered, in Kubernetes' audit format. */
package io.hubspoke.apiserver.audit;
