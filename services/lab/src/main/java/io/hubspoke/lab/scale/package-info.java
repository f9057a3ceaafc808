/**
 * Many nodes: pools of them in processes, what they cost, and what the control plane makes of them.
 */
package io.hubspoke.lab.scale;
