/**
 * Describes the API as OpenAPI 2 and 3 documents, from the types of the kinds and the resources.
 */
package io.hubspoke.apiserver.openapi;
