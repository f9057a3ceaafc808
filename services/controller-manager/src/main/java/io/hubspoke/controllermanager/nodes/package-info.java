/** Watches over the health of nodes, and evicts pods from those that are ill. */
package io.hubspoke.controllermanager.nodes;
