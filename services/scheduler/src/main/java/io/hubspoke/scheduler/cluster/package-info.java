/** What the scheduler knows of the cluster: nodes, what runs on them, and what pods ask for. */
package io.hubspoke.scheduler.cluster;
