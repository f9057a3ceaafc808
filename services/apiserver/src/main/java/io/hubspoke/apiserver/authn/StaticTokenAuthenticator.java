package io.hubspoke.apiserver.authn;

import io.hubspoke.apiserver.http.User;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Authenticates by tokens of a file: lines of {@code token,user,uid,"group1,group2"} ("Static token
 * file"). Tokens are compared by their hashes, so that the time it takes tells nothing of them.
 */
public final class StaticTokenAuthenticator implements Authenticator {
  private final Map<ByteBuffer, User> users;

  private StaticTokenAuthenticator(Map<ByteBuffer, User> users) {
    this.users = Map.copyOf(users);
  }

  /**
   * Reads the file.
   *
   * @throws IllegalArgumentException naming the line that is not of the form
   */
  public static StaticTokenAuthenticator read(Path file) throws IOException {
    Map<ByteBuffer, User> users = new HashMap<>();
    int number = 0;
    for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
      number++;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      List<String> fields = fields(line);
      if (fields.size() < 3 || fields.get(0).isEmpty() || fields.get(1).isEmpty()) {
        throw new IllegalArgumentException(
            "%s: line %d: expected token,user,uid and optionally groups".formatted(file, number));
      }
      List<String> groups =
          fields.size() < 4 || fields.get(3).isEmpty()
              ? List.of()
              : Arrays.stream(fields.get(3).split(",")).map(String::strip).toList();
      User user = new User(fields.get(1), fields.get(2), groups, Map.of());
      if (users.put(hash(fields.get(0)), user) != null) {
        throw new IllegalArgumentException(
            "%s: line %d: the token is there already".formatted(file, number));
      }
    }
    return new StaticTokenAuthenticator(users);
  }

  @Override
  public Optional<Authenticated> authenticate(Credentials credentials) {
    return credentials.bearerToken().isEmpty()
        ? Optional.empty()
        : Optional.ofNullable(users.get(hash(credentials.bearerToken()))).map(Authenticated::of);
  }

  /** Splits a line of comma-separated values (RFC 4180). */
  private static List<String> fields(String line) {
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '"' && quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
        field.append('"');
        i++;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        fields.add(field.toString().strip());
        field.setLength(0);
      } else {
        field.append(c);
      }
    }
    fields.add(field.toString().strip());
    return fields;
  }

  private static ByteBuffer hash(String token) {
    try {
      return ByteBuffer.wrap(
          MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
