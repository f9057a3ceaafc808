package io.hubspoke.konnectivity.server;

import io.hubspoke.tunnel.konnectivity.DialingEnd;

/**
 * One stream from an agent, of which there may be several with the same id.
 *
 * @param dials makes connections through it
 */
record AgentConnection(String agentId, AgentIdentifiers identifiers, DialingEnd dials) {}
