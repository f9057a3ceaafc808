package io.hubspoke.apiserver.egress;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Takes an {@code EgressSelectorConfiguration} apart. What is wrong is worded as the real apiserver
 * words it, whose paths in the file are not always the ones that one would expect.
 */
final class EgressSelectorReader {
  private static final String GROUP = "apiserver.k8s.io/";
  private static final Set<String> VERSIONS = Set.of(GROUP + "v1beta1", GROUP + "v1alpha1");
  private static final String PATH = "service.connection";

  private final List<String> errors = new ArrayList<>();

  EgressSelectorConfiguration read(ObjectNode file) {
    String version = text(file, "", "apiVersion");
    String kind = text(file, "", "kind");
    if (!VERSIONS.contains(version) || !kind.equals("EgressSelectorConfiguration")) {
      throw new IllegalArgumentException(
          "no kind \"%s\" is registered for version \"%s\", expected EgressSelectorConfiguration of %s"
              .formatted(kind, version, "apiserver.k8s.io/v1beta1"));
    }
    only(file, "", "apiVersion", "kind", "egressSelections");
    Map<EgressType, EgressConnection> selections = new EnumMap<>(EgressType.class);
    Set<String> seen = new HashSet<>();
    JsonNode given = file.path("egressSelections");
    if (!given.isArray() && !given.isMissingNode() && !given.isNull()) {
      throw new IllegalArgumentException("egressSelections: expected a list");
    }
    for (int i = 0; i < given.size(); i++) {
      String path = "egressSelections[" + i + "]";
      ObjectNode selection = object(given.get(i), path);
      only(selection, path + ".", "name", "connection");
      String name = text(selection, path + ".", "name");
      String canonical = name.equals("master") ? "controlplane" : name.toLowerCase(Locale.ROOT);
      EgressConnection connection = connection(child(selection, path, "connection"), path);
      if (!seen.add(canonical)) {
        errors.add(PATH + "[" + i + "]: Duplicate value: " + quote(canonical));
      } else {
        EgressType.named(canonical)
            .ifPresentOrElse(
                type -> selections.put(type, connection),
                () -> notSupported(PATH, canonical, EgressType.names()));
      }
    }
    if (!errors.isEmpty()) {
      throw new IllegalArgumentException(
          "failed to validate egress selector configuration: "
              + (errors.size() == 1 ? errors.getFirst() : errors.toString()));
    }
    return new EgressSelectorConfiguration(selections);
  }

  /** Returns null when it has noted what is wrong. */
  private EgressConnection connection(ObjectNode connection, String at) {
    String path = at + ".connection.";
    only(connection, path, "proxyProtocol", "transport");
    String protocol = text(connection, path, "proxyProtocol");
    boolean has = !connection.path("transport").isMissingNode();
    ObjectNode transport = child(connection, at + ".connection", "transport");
    only(transport, path + "transport.", "tcp", "uds");
    return switch (protocol) {
      case "Direct" -> {
        if (has) {
          invalid(
              PATH + ".transport",
              "direct",
              "Transport config should be absent for direct connect");
        }
        yield new EgressConnection.Direct();
      }
      case "HTTPConnect" -> has ? httpConnect(transport, path) : noTransport("HTTPConnect");
      case "GRPC" -> has ? grpc(transport, path) : noTransport("GRPC");
      default -> {
        notSupported(PATH + ".protocol", protocol, List.of("Direct", "HTTPConnect", "GRPC"));
        yield null;
      }
    };
  }

  private EgressConnection noTransport(String protocol) {
    required(PATH + ".transport", "transport must be set for " + protocol);
    return null;
  }

  private EgressConnection grpc(ObjectNode transport, String path) {
    if (!transport.has("uds")) {
      required(PATH + ".uds", "UDS must be set with GRPC");
      return null;
    }
    return new EgressConnection.Grpc(uds(transport, path));
  }

  private EgressConnection httpConnect(ObjectNode transport, String path) {
    boolean tcp = transport.has("tcp");
    boolean uds = transport.has("uds");
    if (tcp && uds) {
      invalid(
          PATH + ".tcp",
          transport.path("tcp").path("url").asText(""),
          "TCP and UDS cannot both be set");
      return null;
    }
    if (!tcp && !uds) {
      required(PATH + ".tcp", "One of TCP or UDS must be set");
      return null;
    }
    return new EgressConnection.HttpConnect(tcp ? tcp(transport, path) : uds(transport, path));
  }

  private EgressConnection.Uds uds(ObjectNode transport, String path) {
    ObjectNode uds = child(transport, path + "transport", "uds");
    only(uds, path + "transport.uds.", "udsName");
    String name = text(uds, path + "transport.uds.", "udsName");
    if (name.isEmpty()) {
      invalid(PATH + ".udsName", "nil", "UDSName should be present for UDS connections");
    }
    return new EgressConnection.Uds(Path.of(name));
  }

  private EgressConnection.Tcp tcp(ObjectNode transport, String path) {
    String at = path + "transport.tcp";
    ObjectNode tcp = child(transport, path + "transport", "tcp");
    only(tcp, at + ".", "url", "tlsConfig");
    String url = text(tcp, at + ".", "url");
    boolean has = tcp.has("tlsConfig");
    ObjectNode tls = child(tcp, at, "tlsConfig");
    only(tls, at + ".tlsConfig.", "caBundle", "clientKey", "clientCert");
    EgressConnection.TlsFiles files = null;
    if (url.startsWith("http://")) {
      if (has) {
        invalid(
            PATH + ".tlsConfig", "nil", "TLSConfig config should not be present when using HTTP");
      }
    } else if (!url.startsWith("https://")) {
      invalid(PATH + ".url", url, "supported connection protocols are http:// and https://");
      return null;
    } else if (!has) {
      required(PATH + ".tlsConfig", "TLSConfig must be present when using HTTPS");
    } else {
      files = tls(tls, at + ".tlsConfig.");
    }
    try {
      URI uri = new URI(url);
      if (uri.getHost() != null && uri.getPort() > 0) {
        return new EgressConnection.Tcp(unbracketed(uri.getHost()), uri.getPort(), files);
      }
      invalid(PATH + ".url", url, "must name a host and a port");
    } catch (URISyntaxException e) {
      invalid(PATH + ".url", url, e.getReason());
    }
    return null;
  }

  private EgressConnection.TlsFiles tls(ObjectNode tls, String at) {
    String ca = text(tls, at, "caBundle");
    String certificate = text(tls, at, "clientCert");
    String key = text(tls, at, "clientKey");
    if (!ca.isEmpty()) {
      exists("caBundle", ca, "TLS config ca bundle does not exist");
    }
    if (certificate.isEmpty()) {
      invalid(PATH + ".tlsConfig.clientCert", "nil", "Using TLS requires clientCert");
    } else {
      exists("clientCert", certificate, "TLS client cert does not exist");
    }
    if (key.isEmpty()) {
      // "requires" twice, as the real one has it.
      invalid(PATH + ".tlsConfig.clientKey", "nil", "Using TLS requires requires clientKey");
    } else {
      exists("clientKey", key, "TLS client key does not exist");
    }
    return new EgressConnection.TlsFiles(
        ca.isEmpty() ? null : Path.of(ca), Path.of(key), Path.of(certificate));
  }

  private void exists(String field, String file, String otherwise) {
    if (!Files.exists(Path.of(file))) {
      invalid(PATH + ".tlsConfig." + field, file, otherwise);
    }
  }

  private static String unbracketed(String host) {
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  /** Returns an empty object when there is none. */
  private static ObjectNode child(ObjectNode parent, String path, String field) {
    JsonNode child = parent.path(field);
    return child.isMissingNode() || child.isNull()
        ? Json.object()
        : object(child, path + "." + field);
  }

  private static ObjectNode object(JsonNode node, String path) {
    if (node instanceof ObjectNode object) {
      return object;
    }
    throw new IllegalArgumentException(path + ": expected an object");
  }

  private static String text(ObjectNode object, String prefix, String field) {
    JsonNode value = object.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return "";
    }
    if (!value.isTextual()) {
      throw new IllegalArgumentException(prefix + field + ": expected a string");
    }
    return value.asText();
  }

  private static void only(ObjectNode object, String prefix, String... fields) {
    Set<String> known = Set.of(fields);
    object
        .fieldNames()
        .forEachRemaining(
            field -> {
              if (!known.contains(field)) {
                throw new IllegalArgumentException(
                    "strict decoding error: unknown field " + quote(prefix + field));
              }
            });
  }

  private void required(String path, String detail) {
    errors.add(path + ": Required value: " + detail);
  }

  private void invalid(String path, String value, String detail) {
    errors.add(path + ": Invalid value: " + quote(value) + ": " + detail);
  }

  private void notSupported(String path, String value, List<String> supported) {
    errors.add(
        path
            + ": Unsupported value: "
            + quote(value)
            + ": supported values: "
            + supported.stream()
                .map(EgressSelectorReader::quote)
                .collect(Collectors.joining(", ")));
  }

  private static String quote(String value) {
    return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
