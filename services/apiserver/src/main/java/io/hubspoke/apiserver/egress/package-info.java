/** Which way the apiserver dials: directly, through SSH tunnels, or through Konnectivity. */
package io.hubspoke.apiserver.egress;
