/** How a node joins a cluster that it knows by a token and the hash of an authority's key. */
package io.hubspoke.lab.join;
