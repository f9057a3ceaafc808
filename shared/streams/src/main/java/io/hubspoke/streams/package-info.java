/**
 * How bytes of exec, attach and port-forward travel: SPDY/3.1 and WebSocket, both ends of each.
 * Kubelet, apiserver and test bench share it.
 */
package io.hubspoke.streams;
