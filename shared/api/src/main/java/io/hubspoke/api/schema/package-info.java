/**
 * The types of Kubernetes 1.33's built-in kinds, as data: what type checks, protobuf, OpenAPI and
 * strategic merge patches know of a field.
 */
package io.hubspoke.api.schema;
