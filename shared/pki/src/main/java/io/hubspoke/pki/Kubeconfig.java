package io.hubspoke.pki;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A client's configuration file, as kubectl and every component read it ({@code v1 Config}).
 *
 * <p>Relative file names in it count from the directory it lies in.
 */
public record Kubeconfig(
    Map<String, Cluster> clusters,
    Map<String, User> users,
    Map<String, Context> contexts,
    String currentContext) {
  private static final int MAX_BYTES = 1 << 20;

  public Kubeconfig {
    clusters = Map.copyOf(clusters);
    users = Map.copyOf(users);
    contexts = Map.copyOf(contexts);
  }

  /**
   * An apiserver and how it is verified. Absent values are null.
   *
   * @param certificateAuthority file with the authorities in PEM
   * @param certificateAuthorityData the authorities in PEM; wins over the file
   * @param tlsServerName the name that is verified in place of the server's own
   */
  public record Cluster(
      String server,
      Path certificateAuthority,
      String certificateAuthorityData,
      String tlsServerName,
      boolean insecureSkipTlsVerify) {
    /** A cluster whose authority is embedded. */
    public static Cluster trusting(String server, X509Certificate authority) {
      return new Cluster(server, null, Pem.encode(authority), null, false);
    }

    /** Returns the authorities that may vouch for the server; empty when the file names none. */
    public List<X509Certificate> authorities() throws IOException {
      if (certificateAuthorityData != null) {
        return Pem.parseCertificates(certificateAuthorityData);
      }
      return certificateAuthority == null ? List.of() : Pem.readCertificates(certificateAuthority);
    }
  }

  /**
   * Who the client is. Absent values are null; data wins over files, as in kubectl.
   *
   * @param clientCertificateData the certificate in PEM
   * @param clientKeyData the private key in PEM
   */
  public record User(
      Path clientCertificate,
      String clientCertificateData,
      Path clientKey,
      String clientKeyData,
      String token,
      Path tokenFile) {
    /** A user with an embedded certificate and key. */
    public static User of(Identity identity) {
      return new User(
          null, Pem.encode(identity.chain()), null, Pem.encode(identity.key()), null, null);
    }

    /** A user whose certificate and key stay in their own files. */
    public static User ofFiles(Path certificate, Path key) {
      return new User(certificate, null, key, null, null, null);
    }

    /** A user with a bearer token. */
    public static User ofToken(String token) {
      return new User(null, null, null, null, token, null);
    }

    /** Reads the client certificate and key; empty when the user has none. */
    public Optional<Identity> identity() throws IOException {
      var hasCertificate = clientCertificateData != null || clientCertificate != null;
      var hasKey = clientKeyData != null || clientKey != null;
      if (hasCertificate != hasKey) {
        throw new IllegalArgumentException(
            "client-certificate and client-key must be given together");
      }
      if (!hasCertificate) {
        return Optional.empty();
      }
      if (clientCertificateData == null && clientKeyData == null) {
        return Optional.of(Identity.read(clientCertificate, clientKey));
      }
      var chain =
          clientCertificateData != null
              ? Pem.parseCertificates(clientCertificateData)
              : Pem.readCertificates(clientCertificate);
      var key =
          clientKeyData != null
              ? Pem.parsePrivateKey(clientKeyData)
              : Pem.readPrivateKey(clientKey);
      return Optional.of(new Identity(key, chain));
    }

    /** Reads the bearer token, from its file where one is named; empty when the user has none. */
    public Optional<String> bearerToken() throws IOException {
      if (tokenFile != null) {
        return Optional.of(Files.readString(tokenFile).strip());
      }
      return Optional.ofNullable(token);
    }

    /** Never shows the key or the token. */
    @Override
    public String toString() {
      return "User[certificate="
          + (clientCertificateData != null ? "embedded" : clientCertificate)
          + ", token="
          + (token != null ? "embedded" : tokenFile)
          + "]";
    }
  }

  /**
   * Which user talks to which cluster.
   *
   * @param namespace null when the file names none
   */
  public record Context(String cluster, String user, String namespace) {}

  /** A configuration with one cluster, one user and one context. */
  public static Kubeconfig of(String clusterName, Cluster cluster, String userName, User user) {
    var context = userName + "@" + clusterName;
    return new Kubeconfig(
        Map.of(clusterName, cluster),
        Map.of(userName, user),
        Map.of(context, new Context(clusterName, userName, null)),
        context);
  }

  /** Returns the cluster of the current context. */
  public Cluster cluster() {
    var name = context().cluster;
    return require(clusters.get(name), "cluster", name);
  }

  /** Returns the user of the current context. */
  public User user() {
    var name = context().user;
    return require(users.get(name), "user", name);
  }

  /** Returns the files whose content the current context goes by, beside this one. */
  public List<Path> files() {
    var cluster = cluster();
    var user = user();
    return Stream.of(
            cluster.certificateAuthorityData == null ? cluster.certificateAuthority : null,
            user.clientCertificateData == null ? user.clientCertificate : null,
            user.clientKeyData == null ? user.clientKey : null,
            user.tokenFile)
        .filter(Objects::nonNull)
        .toList();
  }

  /** Returns the current context. */
  public Context context() {
    return require(contexts.get(currentContext), "context", currentContext);
  }

  /**
   * Reads a file.
   *
   * @throws IOException when it cannot be read
   * @throws IllegalArgumentException when it is not a kubeconfig
   */
  public static Kubeconfig read(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw new IllegalArgumentException(file + ": larger than " + MAX_BYTES + " bytes");
    }
    try {
      return parse(Files.readString(file), file.toAbsolutePath().getParent());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
    }
  }

  /** Parses a configuration whose relative file names count from a directory. */
  public static Kubeconfig parse(String yaml, Path directory) {
    JsonNode root;
    try {
      root = Yaml.MAPPER.readTree(yaml);
    } catch (JsonProcessingException e) {
      // The message alone: the source that the exception carries may hold keys.
      throw new IllegalArgumentException("malformed YAML at line " + line(e));
    }
    if (root == null || !"Config".equals(root.path("kind").asText())) {
      throw new IllegalArgumentException("expected an object of kind Config");
    }
    var clusters = new LinkedHashMap<String, Cluster>();
    for (var entry : root.path("clusters")) {
      var cluster = entry.path("cluster");
      clusters.put(
          name(entry, "clusters"),
          new Cluster(
              require(text(cluster, "server"), "server of cluster", name(entry, "clusters")),
              path(cluster, "certificate-authority", directory),
              data(cluster, "certificate-authority-data"),
              text(cluster, "tls-server-name"),
              cluster.path("insecure-skip-tls-verify").asBoolean(false)));
    }
    var users = new LinkedHashMap<String, User>();
    for (var entry : root.path("users")) {
      var user = entry.path("user");
      users.put(
          name(entry, "users"),
          new User(
              path(user, "client-certificate", directory),
              data(user, "client-certificate-data"),
              path(user, "client-key", directory),
              data(user, "client-key-data"),
              text(user, "token"),
              path(user, "tokenFile", directory)));
    }
    var contexts = new LinkedHashMap<String, Context>();
    for (var entry : root.path("contexts")) {
      var context = entry.path("context");
      contexts.put(
          name(entry, "contexts"),
          new Context(
              Objects.requireNonNullElse(text(context, "cluster"), ""),
              Objects.requireNonNullElse(text(context, "user"), ""),
              text(context, "namespace")));
    }
    return new Kubeconfig(clusters, users, contexts, root.path("current-context").asText(""));
  }

  /** Writes a file that its owner alone may read. */
  public void write(Path file) throws IOException {
    AtomicFile.writePrivate(file, KubeconfigWriter.yaml(this));
  }

  private static int line(JsonProcessingException e) {
    return e.getLocation() == null ? 0 : e.getLocation().getLineNr();
  }

  private static String name(JsonNode entry, String list) {
    return require(text(entry, "name"), "name in", list);
  }

  private static String text(JsonNode node, String field) {
    var value = node.path(field).asText("");
    return value.isEmpty() ? null : value;
  }

  private static Path path(JsonNode node, String field, Path directory) {
    var value = text(node, field);
    return value == null ? null : directory.resolve(value);
  }

  private static String data(JsonNode node, String field) {
    var value = text(node, field);
    if (value == null) {
      return null;
    }
    try {
      return new String(Base64.getMimeDecoder().decode(value), StandardCharsets.US_ASCII);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(field + " is not Base64");
    }
  }

  private static <T> T require(T value, String what, String name) {
    if (value == null) {
      throw new IllegalArgumentException("no " + what + " \"" + name + "\"");
    }
    return value;
  }

  /** Made once, when the first file is read: to make one takes longer than to read with it. */
  private static final class Yaml {
    static final ObjectMapper MAPPER =
        new ObjectMapper(
            YAMLFactory.builder().recyclerPool(JsonRecyclerPools.newConcurrentDequePool()).build());
  }
}
