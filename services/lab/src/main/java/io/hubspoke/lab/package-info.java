/** Assembles meshes, measures their routes on the wire, and is the {@code hubspoke} command. */
package io.hubspoke.lab;
