/**
 * Keeps API objects in the memory of several apiservers: one entry of one Hazelcast map is a state
 * machine, which batches of operations change in the same order at every member.
 */
package io.hubspoke.apiserver.store.hazelcast;
