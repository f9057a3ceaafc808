/**
 * Members of Hazelcast clusters: closed to all but each other, whom they know by certificates.
 * Which cluster it is, and what it keeps, is its user's.
 */
package io.hubspoke.cluster;
