/**
 * Containers of a runtime that speaks CRI v1 on a Unix socket, such as containerd. Nothing here is
 * loaded unless a kubelet is pointed at one.
 */
package io.hubspoke.kubelet.runtime.cri;
