/** Which nodes a pod may run on, as all who decide about pods and nodes must see it alike. */
package io.hubspoke.client.scheduling;
