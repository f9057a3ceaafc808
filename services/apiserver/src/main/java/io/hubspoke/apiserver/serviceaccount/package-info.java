/**
 * Issues tokens to service accounts, recognizes them, and publishes the keys they are signed with.
 */
package io.hubspoke.apiserver.serviceaccount;
