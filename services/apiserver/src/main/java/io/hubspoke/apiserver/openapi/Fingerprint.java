package io.hubspoke.apiserver.openapi;

import io.hubspoke.api.ResourceType;
import io.hubspoke.api.schema.Schema;
import io.hubspoke.api.schema.TypeGroup;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;

/**
 * Tells documents apart without making them: a hash of what they are made from, which is the types,
 * the resources, the descriptions, and the program that makes them.
 */
final class Fingerprint {
  private static final List<String> MAKERS =
      List.of(
          "Definitions.class",
          "descriptions.txt",
          "Descriptions.class",
          "Dialect.class",
          "GnosticDocument.class",
          "OpenApiDocuments.class",
          "Paths.class",
          "Paths$Operations.class",
          "ProtoMessage.class");

  private final byte[] sources;

  Fingerprint(Collection<ResourceType> types) {
    MessageDigest digest = sha256();
    for (TypeGroup group : Schema.groups()) {
      add(digest, Schema.class, group.toString());
    }
    MAKERS.forEach(maker -> add(digest, Fingerprint.class, maker));
    types.stream()
        .map(Fingerprint::line)
        .sorted()
        .forEach(line -> digest.update(line.getBytes(StandardCharsets.UTF_8)));
    sources = digest.digest();
  }

  /** Returns the hash of a document. */
  String of(String document) {
    MessageDigest digest = sha256();
    digest.update(sources);
    digest.update(document.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().withUpperCase().formatHex(digest.digest());
  }

  private static String line(ResourceType type) {
    return type.path("", "")
        + type.kind()
        + type.namespaced()
        + type.verbs().stream().sorted().toList()
        + type.subresources().stream().sorted().toList();
  }

  private static void add(MessageDigest digest, Class<?> beside, String name) {
    try (InputStream in = beside.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing");
      }
      digest.update(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
