/**
 * Generic handling of every resource: reading from a watch cache, writing through strategies and
 * admission, and the HTTP endpoint of all of it.
 */
package io.hubspoke.apiserver.registry;
