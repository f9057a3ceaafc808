/** Where API objects are kept: one interface, and the implementation in memory. */
package io.hubspoke.apiserver.store;
