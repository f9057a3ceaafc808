package io.hubspoke.pki;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.TreeMap;

/**
 * Writes a kubeconfig as YAML. Its few known fields are written directly: the YAML library's
 * emitter would be loaded for this alone.
 */
final class KubeconfigWriter {
  private final StringBuilder out = new StringBuilder();

  private KubeconfigWriter() {}

  static String yaml(Kubeconfig config) {
    return new KubeconfigWriter().write(config);
  }

  private String write(Kubeconfig config) {
    out.append("apiVersion: v1\nkind: Config\npreferences: {}\n");
    field("", "current-context", config.currentContext());
    out.append("clusters:\n");
    new TreeMap<>(config.clusters())
        .forEach(
            (name, cluster) -> {
              field("- ", "name", name);
              out.append("  cluster:\n");
              field("    ", "server", cluster.server());
              field("    ", "certificate-authority", cluster.certificateAuthority());
              data("certificate-authority-data", cluster.certificateAuthorityData());
              field("    ", "tls-server-name", cluster.tlsServerName());
              if (cluster.insecureSkipTlsVerify()) {
                out.append("    insecure-skip-tls-verify: true\n");
              }
            });
    out.append("contexts:\n");
    new TreeMap<>(config.contexts())
        .forEach(
            (name, context) -> {
              field("- ", "name", name);
              out.append("  context:\n");
              field("    ", "cluster", context.cluster());
              field("    ", "user", context.user());
              field("    ", "namespace", context.namespace());
            });
    out.append("users:\n");
    new TreeMap<>(config.users())
        .forEach(
            (name, user) -> {
              field("- ", "name", name);
              out.append("  user:\n");
              field("    ", "client-certificate", user.clientCertificate());
              data("client-certificate-data", user.clientCertificateData());
              field("    ", "client-key", user.clientKey());
              data("client-key-data", user.clientKeyData());
              field("    ", "token", user.token());
              field("    ", "tokenFile", user.tokenFile());
            });
    return out.toString();
  }

  private void data(String name, String pem) {
    if (pem != null) {
      var bytes = pem.getBytes(StandardCharsets.US_ASCII);
      field("    ", name, Base64.getEncoder().encodeToString(bytes));
    }
  }

  private void field(String indent, String name, Object value) {
    if (value != null) {
      out.append(indent).append(name).append(": ");
      quote(value.toString());
      out.append('\n');
    }
  }

  /** Writes a double-quoted scalar (YAML 1.2 section 7.3.1). */
  private void quote(String value) {
    out.append('"');
    for (int i = 0; i < value.length(); i++) {
      var c = value.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f) {
        out.append(String.format("\\x%02x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
