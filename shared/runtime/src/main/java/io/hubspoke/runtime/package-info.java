/** What every component starts with: TLS, a Vert.x instance, logging, metrics, shutdown. */
package io.hubspoke.runtime;
