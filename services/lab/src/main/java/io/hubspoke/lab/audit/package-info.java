/** Measures the routes between control plane and nodes; a route is one class. */
package io.hubspoke.lab.audit;
