package io.hubspoke.apiserver.authn;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import io.hubspoke.api.ResourceType;
import io.hubspoke.apiserver.http.User;
import io.hubspoke.apiserver.registry.Lister;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Authenticates by a bootstrap token, {@code <id>.<secret>}, against the secret {@code
 * bootstrap-token-<id>} in {@code kube-system} ("Authenticating with Bootstrap Tokens").
 */
public final class BootstrapTokenAuthenticator implements Authenticator {
  private static final String GROUP = "system:bootstrappers";
  private static final Pattern EXTRA_GROUP =
      Pattern.compile("system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]");

  private final Lister lister;
  private final ResourceType secrets;
  private final Clock clock;

  public BootstrapTokenAuthenticator(Lister lister, ResourceType secrets, Clock clock) {
    this.lister = lister;
    this.secrets = secrets;
    this.clock = clock;
  }

  @Override
  public Optional<Authenticated> authenticate(Credentials credentials) {
    String token = credentials.bearerToken();
    if (!hasTokenForm(token)) {
      return Optional.empty();
    }
    String id = token.substring(0, 6);
    String secret = token.substring(7);
    ObjectNode object = lister.get(secrets, "kube-system", "bootstrap-token-" + id);
    if (object == null
        || Meta.deleting(object)
        || !object.path("type").asText().equals("bootstrap.kubernetes.io/token")) {
      return Optional.empty();
    }
    JsonNode data = object.path("data");
    boolean genuine =
        MessageDigest.isEqual(value(data, "token-secret").getBytes(UTF_8), secret.getBytes(UTF_8))
            && value(data, "token-id").equals(id);
    if (!genuine
        || hasExpired(value(data, "expiration"))
        || !value(data, "usage-bootstrap-authentication").equals("true")) {
      return Optional.empty();
    }
    return groups(value(data, "auth-extra-groups"))
        .map(groups -> new User("system:bootstrap:" + id, "", groups, Map.of()))
        .map(Authenticated::of);
  }

  private boolean hasExpired(String expiration) {
    if (expiration.isEmpty()) {
      return false;
    }
    try {
      Instant until = OffsetDateTime.parse(expiration).toInstant();
      return !clock.instant().isBefore(until);
    } catch (DateTimeException e) {
      // An expiration that cannot be read may have passed.
      return true;
    }
  }

  /** Returns the groups, or empty when one is outside what tokens may give. */
  private static Optional<List<String>> groups(String extra) {
    List<String> groups = new ArrayList<>(2);
    groups.add(GROUP);
    if (!extra.isEmpty()) {
      for (String group : extra.split(",", -1)) {
        if (!EXTRA_GROUP.matcher(group).matches()) {
          return Optional.empty();
        }
        groups.add(group);
      }
    }
    return Optional.of(groups);
  }

  /** Tells whether a token looks like {@code [a-z0-9]{6}\.[a-z0-9]{16}}. */
  static boolean hasTokenForm(String token) {
    if (token.length() != 23 || token.charAt(6) != '.') {
      return false;
    }
    for (int i = 0; i < token.length(); i++) {
      char c = token.charAt(i);
      if (i != 6 && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
        return false;
      }
    }
    return true;
  }

  private static String value(JsonNode data, String key) {
    try {
      return new String(Base64.getDecoder().decode(data.path(key).asText("")), UTF_8);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}
