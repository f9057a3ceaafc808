/** Asks webhooks about requests: validating and mutating admission webhooks. */
package io.hubspoke.apiserver.webhook;
