package io.hubspoke.apiserver.authn;

import io.vertx.core.MultiMap;
import java.util.List;

/**
 * What a request presents.
 *
 * @param certificate the connection's client certificate as judged
 * @param headers the request's, for a front proxy's word on who it is
 * @param bearerToken empty without one
 * @param audiences for whom the credentials are to be meant; empty for the API
 */
public record Credentials(
    PresentedCertificate certificate,
    MultiMap headers,
    String bearerToken,
    List<String> audiences) {
  public Credentials {
    audiences = List.copyOf(audiences);
  }

  /** Only a token, as a TokenReview shows it. */
  public static Credentials ofToken(String bearerToken, List<String> audiences) {
    return new Credentials(
        PresentedCertificate.NONE, MultiMap.caseInsensitiveMultiMap(), bearerToken, audiences);
  }
}
