package io.hubspoke.apiserver.authn;

/**
 * What a request presents.
 *
 * @param certificate the connection's client certificate as judged; null without one
 * @param bearerToken empty without one
 */
public record Credentials(VerifiedCertificate certificate, String bearerToken) {}
