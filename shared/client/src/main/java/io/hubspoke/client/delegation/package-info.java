/** Asks the apiserver who a caller is and what he may do, for components that serve HTTPS. */
package io.hubspoke.client.delegation;
