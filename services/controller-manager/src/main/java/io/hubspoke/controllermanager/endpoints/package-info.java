/** Keeps the addresses behind services: endpoint slices, and the older Endpoints objects. */
package io.hubspoke.controllermanager.endpoints;
