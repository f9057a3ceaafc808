/**
 * Deletes what nobody owns any more, by the owner references of all objects of all types
 * (Kubernetes' garbage collector).
 */
package io.hubspoke.controllermanager.garbagecollection;
