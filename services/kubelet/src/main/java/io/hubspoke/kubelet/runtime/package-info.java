/** What runs containers: the interface (CRI is the model) and the runtime inside this process. */
package io.hubspoke.kubelet.runtime;
