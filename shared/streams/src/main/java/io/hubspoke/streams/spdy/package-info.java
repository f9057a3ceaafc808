/**
 * SPDY/3.1 (draft 3.1) as kubectl, kubelets and container runtimes speak it: streams with headers
 * over one connection, which may be a socket or bytes carried by something else.
 *
 * <p>Its peers are Go's spdystream, which sends no {@code WINDOW_UPDATE} and heeds none; the
 * streams share the connection's flow control. A stream buffers a bounded amount for its reader,
 * and while one is full the connection is not read.
 */
package io.hubspoke.streams.spdy;
