/** Containers as processes of the operating system, on Linux as root in namespaces of their own. */
package io.hubspoke.kubelet.runtime.process;
