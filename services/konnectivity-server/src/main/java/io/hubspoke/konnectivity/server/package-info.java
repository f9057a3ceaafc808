/** A Konnectivity server: brings what the control plane dials to agents that dial for it. */
package io.hubspoke.konnectivity.server;
