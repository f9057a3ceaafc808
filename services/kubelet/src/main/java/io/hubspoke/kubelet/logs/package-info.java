/**
 * Container logs as files in CRI's format: written with rotation, read with the options of logs.
 */
package io.hubspoke.kubelet.logs;
