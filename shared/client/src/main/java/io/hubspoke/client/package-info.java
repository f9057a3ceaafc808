/**
 * A client of the apiserver on Vert.x: requests, watches, informers and the queues behind loops.
 */
package io.hubspoke.client;
