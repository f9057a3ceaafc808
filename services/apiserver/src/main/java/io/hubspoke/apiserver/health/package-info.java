/** Tells how the apiserver is: health checks, version, metrics. */
package io.hubspoke.apiserver.health;
