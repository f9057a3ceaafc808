/** Furnishes namespaces, and clears those that are deleted. */
package io.hubspoke.controllermanager.namespaces;
