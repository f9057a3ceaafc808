/** The Konnectivity server: dials of the control plane on one side, agents on the other. */
package io.hubspoke.konnectivity.server;
