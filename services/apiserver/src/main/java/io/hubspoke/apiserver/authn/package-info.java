/** Establishes who makes a request: client certificates, bootstrap tokens, anonymous. */
package io.hubspoke.apiserver.authn;
