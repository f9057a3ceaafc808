/** Kubernetes API objects as JSON trees, and the small languages around them. */
package io.hubspoke.api;
