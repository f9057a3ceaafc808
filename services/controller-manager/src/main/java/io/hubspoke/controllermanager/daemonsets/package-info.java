/** Daemon sets: one pod on every node that is eligible. */
package io.hubspoke.controllermanager.daemonsets;
