/** Establishes who makes a request: certificates, tokens, a front proxy's word, anonymous. */
package io.hubspoke.apiserver.authn;
