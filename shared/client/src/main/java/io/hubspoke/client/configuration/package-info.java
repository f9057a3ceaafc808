/** Files that configure components. */
package io.hubspoke.client.configuration;
