package io.hubspoke.apiserver;

import io.hubspoke.apiserver.serviceaccount.ServiceAccountOptions;
import io.hubspoke.runtime.GoDuration;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Option;

/** The flags about tokens of service accounts. */
final class ServiceAccountFlags {
  private static final Duration SHORTEST_MAX = Duration.ofHours(1);

  @Option(
      names = "--service-account-key-file",
      split = ",",
      paramLabel = "FILE",
      description =
          "RSA or ECDSA keys that verify tokens of service accounts; read again when it changes"
              + " (default: the signing key's public part).")
  private List<Path> keyFiles = List.of();

  @Option(
      names = "--service-account-signing-key-file",
      paramLabel = "FILE",
      description = "Private key that signs tokens of service accounts.")
  private Path signingKeyFile;

  @Option(
      names = "--service-account-issuer",
      split = ",",
      paramLabel = "ISSUER",
      description =
          "Issuer of tokens, an https URL for others to look keys up; of several the first one"
              + " signs and all are accepted.")
  private List<String> issuers = List.of();

  @Option(
      names = "--api-audiences",
      split = ",",
      paramLabel = "AUDIENCE",
      description = "Whom tokens for this API are meant for (default: the issuers).")
  private List<String> apiAudiences = List.of();

  @Option(
      names = "--service-account-lookup",
      arity = "0..1",
      fallbackValue = "true",
      defaultValue = "true",
      description = "Tokens of secrets end with their secret (default: true).")
  private boolean lookup;

  @Option(
      names = "--service-account-max-token-expiration",
      converter = GoDuration.class,
      defaultValue = "0s",
      paramLabel = "DURATION",
      description = "Longest life of a token that is asked for, 0s for any.")
  private Duration maxTokenExpiration;

  @Option(
      names = "--service-account-extend-token-expiration",
      arity = "0..1",
      fallbackValue = "true",
      defaultValue = "true",
      description =
          "Pods' own tokens for the API live for a year, since old clients don't read them again"
              + " (default: true).")
  private boolean extendTokenExpiration;

  @Option(
      names = "--service-account-jwks-uri",
      paramLabel = "URL",
      description = "Where the issuer says that its keys are (default: this server's own).")
  private String jwksUri;

  /** Returns what they say; throws IllegalArgumentException when they contradict each other. */
  ServiceAccountOptions options() {
    if (!maxTokenExpiration.isZero() && maxTokenExpiration.compareTo(SHORTEST_MAX) < 0) {
      throw new IllegalArgumentException(
          "--service-account-max-token-expiration must be at least 1h, but is "
              + maxTokenExpiration.toSeconds()
              + "s");
    }
    return new ServiceAccountOptions(
        keyFiles,
        signingKeyFile,
        issuers,
        apiAudiences,
        lookup,
        maxTokenExpiration,
        extendTokenExpiration,
        jwksUri);
  }
}
