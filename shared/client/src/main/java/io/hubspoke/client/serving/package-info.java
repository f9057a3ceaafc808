/** Health and metrics of a component over HTTPS, for those whom the apiserver lets look. */
package io.hubspoke.client.serving;
