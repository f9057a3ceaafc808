/**
 * The table of resources and what is peculiar to each: defaults, validation, selectable fields,
 * deletion and table columns. Knows nothing of HTTP or of how objects are stored.
 */
package io.hubspoke.apiserver.resources;
