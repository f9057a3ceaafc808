/**
 * Real containers for tests: a containerd of its own, and images that nothing has to be fetched
 * for.
 */
package io.hubspoke.testing.containers;
