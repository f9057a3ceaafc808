/** The Konnectivity agent: connects to every server and dials on their behalf. */
package io.hubspoke.konnectivity.agent;
