/** Signs and verifies the JSON web tokens of service accounts (RFC 7515, RFC 7519). */
package io.hubspoke.tokens;
