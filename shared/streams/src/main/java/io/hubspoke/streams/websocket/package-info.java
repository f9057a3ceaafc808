/**
 * WebSocket (RFC 6455) as Kubernetes uses it: the channel protocols of exec, attach and the older
 * port-forward, and SPDY frames tunnelled in binary messages. Payloads are passed on as they
 * arrive, so a message of any size costs no more than a read of the socket.
 */
package io.hubspoke.streams.websocket;
