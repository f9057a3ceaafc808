/** Keeps aggregated cluster roles current. */
package io.hubspoke.controllermanager.roles;
