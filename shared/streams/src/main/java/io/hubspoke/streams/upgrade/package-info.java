/**
 * Connections that stop being HTTP (RFC 9110 section 7.8): agreed to at a server's end, asked for
 * at a client's, and joined to each other in between.
 */
package io.hubspoke.streams.upgrade;
