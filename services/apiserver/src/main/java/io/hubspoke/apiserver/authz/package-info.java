/** Decides what a user may do: RBAC, the Node authorizer, and the default roles. */
package io.hubspoke.apiserver.authz;
