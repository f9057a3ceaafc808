/** Measures what it costs to reach endpoints by a service's virtual address. */
package io.hubspoke.lab.bench.service;
