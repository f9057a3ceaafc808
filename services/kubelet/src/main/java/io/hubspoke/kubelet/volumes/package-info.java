/** The files of pods' volumes: collected from the API, written as a whole, renewed in time. */
package io.hubspoke.kubelet.volumes;
