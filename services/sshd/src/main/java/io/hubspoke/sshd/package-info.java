/** A node's end of SSH tunnels: connections onward to allowed addresses, and nothing else. */
package io.hubspoke.sshd;
