/**
 * A small shell and the commands that it finds in a container of the in-process runtime. A process
 * is a virtual thread that waits where a real one would, and its streams are bounded.
 */
package io.hubspoke.kubelet.runtime.shell;
