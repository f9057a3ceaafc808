/** Loads on an apiserver, and what they measure. */
package io.hubspoke.lab.bench;
