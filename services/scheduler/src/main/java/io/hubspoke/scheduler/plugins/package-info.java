/** The rules by which a node is chosen, a class for each, named as the real scheduler's plugins. */
package io.hubspoke.scheduler.plugins;
