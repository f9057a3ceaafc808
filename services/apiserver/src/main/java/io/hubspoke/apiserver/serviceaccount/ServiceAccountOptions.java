package io.hubspoke.apiserver.serviceaccount;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How tokens of service accounts are made and recognized; each component has the name of its flag.
 *
 * @param keyFiles {@code --service-account-key-file}; empty for the signing key's public part
 * @param signingKeyFile {@code --service-account-signing-key-file}; null to issue no tokens
 * @param issuers {@code --service-account-issuer}; the first one signs, all are accepted
 * @param apiAudiences {@code --api-audiences}; empty for the issuers
 * @param lookup {@code --service-account-lookup}: tokens kept in secrets end with these
 * @param maxTokenExpiration {@code --service-account-max-token-expiration}; zero for no limit
 * @param extendTokenExpiration {@code --service-account-extend-token-expiration}
 * @param jwksUri {@code --service-account-jwks-uri}; null for this server's own
 */
public record ServiceAccountOptions(
    List<Path> keyFiles,
    Path signingKeyFile,
    List<String> issuers,
    List<String> apiAudiences,
    boolean lookup,
    Duration maxTokenExpiration,
    boolean extendTokenExpiration,
    String jwksUri) {
  /** No tokens of service accounts. */
  public static final ServiceAccountOptions NONE =
      new ServiceAccountOptions(
          List.of(), null, List.of(), List.of(), true, Duration.ZERO, true, null);

  public ServiceAccountOptions {
    keyFiles = List.copyOf(keyFiles);
    issuers = List.copyOf(issuers);
    apiAudiences = apiAudiences.isEmpty() ? issuers : List.copyOf(apiAudiences);
    if (issuers.stream().anyMatch(String::isEmpty)) {
      throw new IllegalArgumentException("--service-account-issuer must not be empty");
    }
    if (issuers.isEmpty() && (signingKeyFile != null || !keyFiles.isEmpty())) {
      throw new IllegalArgumentException(
          "--service-account-issuer is needed beside --service-account-key-file and"
              + " --service-account-signing-key-file");
    }
    if (!issuers.isEmpty() && signingKeyFile == null && keyFiles.isEmpty()) {
      throw new IllegalArgumentException(
          "--service-account-signing-key-file or --service-account-key-file is needed beside"
              + " --service-account-issuer");
    }
  }

  /** Signs and verifies with this pair, as kubeadm sets an apiserver up. */
  public static ServiceAccountOptions of(String issuer, Path signingKeyFile, Path... keyFiles) {
    return new ServiceAccountOptions(
        List.of(keyFiles),
        signingKeyFile,
        List.of(issuer),
        List.of(),
        true,
        Duration.ZERO,
        true,
        null);
  }

  public ServiceAccountOptions withApiAudiences(List<String> audiences) {
    return new ServiceAccountOptions(
        keyFiles,
        signingKeyFile,
        issuers,
        audiences,
        lookup,
        maxTokenExpiration,
        extendTokenExpiration,
        jwksUri);
  }

  /** Issues no token that lives longer than this; the flag allows no less than an hour. */
  public ServiceAccountOptions withMaxTokenExpiration(Duration longest) {
    return new ServiceAccountOptions(
        keyFiles,
        signingKeyFile,
        issuers,
        apiAudiences,
        lookup,
        longest,
        extendTokenExpiration,
        jwksUri);
  }

  /** Returns whether tokens of service accounts are recognized. */
  public boolean enabled() {
    return !issuers.isEmpty();
  }
}
