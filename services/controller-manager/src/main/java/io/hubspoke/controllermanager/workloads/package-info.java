/** Controllers that make pods: so many of one template, rolled out step by step, or until done. */
package io.hubspoke.controllermanager.workloads;
