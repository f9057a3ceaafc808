package io.hubspoke.lab.join;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;

/**
 * What ConfigMap {@code cluster-info} in {@code kube-public} says of a cluster, in the form of a
 * kubeconfig without users: where its apiserver is, and by whom that is vouched for.
 */
public record ClusterInfo(String server, List<X509Certificate> authorities) {
  public static final String NAMESPACE = "kube-public";
  public static final String NAME = "cluster-info";
  public static final String KUBECONFIG = "kubeconfig";
  public static final String SIGNATURE = "jws-kubeconfig-";

  public ClusterInfo {
    authorities = List.copyOf(authorities);
  }

  /** Returns the kubeconfig, as kubeadm writes it. */
  public String kubeconfig() {
    var authority =
        Base64.getEncoder()
            .encodeToString(Pem.encode(authorities).getBytes(StandardCharsets.US_ASCII));
    return """
        apiVersion: v1
        clusters:
        - cluster:
            certificate-authority-data: %s
            server: %s
          name: ""
        contexts: null
        current-context: ""
        kind: Config
        preferences: {}
        users: null
        """
        .formatted(authority, server);
  }

  /**
   * Reads the kubeconfig. The authorities must be in it: no file of this machine is looked at.
   *
   * @throws IllegalArgumentException when something is missing
   */
  public static ClusterInfo parse(String kubeconfig) {
    JsonNode root;
    try {
      root = new ObjectMapper(new YAMLFactory()).readTree(kubeconfig);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("its kubeconfig is malformed YAML");
    }
    var clusters = root == null ? null : root.path("clusters");
    if (clusters == null || clusters.isEmpty()) {
      throw new IllegalArgumentException("its kubeconfig names no cluster");
    }
    var cluster = clusters.get(0).path("cluster");
    var server = cluster.path("server").asText("");
    if (!server.startsWith("https://") || URI.create(server).getHost() == null) {
      throw new IllegalArgumentException("its kubeconfig names no https server");
    }
    var data = cluster.path("certificate-authority-data").asText("");
    var pem = new String(Base64.getMimeDecoder().decode(data), StandardCharsets.US_ASCII);
    var authorities = Pem.parseCertificates(pem);
    if (authorities.isEmpty()) {
      throw new IllegalArgumentException("its kubeconfig names no certificate authority");
    }
    return new ClusterInfo(server, authorities);
  }

  /** Returns the cluster for the kubeconfig of one who joins. */
  public Kubeconfig.Cluster cluster() {
    return new Kubeconfig.Cluster(server, null, Pem.encode(authorities), null, false);
  }
}
