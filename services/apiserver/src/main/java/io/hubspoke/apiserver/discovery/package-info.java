/** Tells clients which groups, versions and resources there are. */
package io.hubspoke.apiserver.discovery;
