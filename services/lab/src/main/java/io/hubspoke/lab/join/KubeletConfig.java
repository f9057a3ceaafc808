package io.hubspoke.lab.join;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;

/**
 * What a cluster wants of its kubelets: ConfigMap {@code kubelet-config} in {@code kube-system},
 * where kubeadm keeps a KubeletConfiguration for nodes that join.
 *
 * @param anonymousAuth whether callers without credentials are let in
 * @param authorizationMode {@code Webhook} or {@code AlwaysAllow}
 * @param serverTlsBootstrap whether the serving certificate comes from the cluster
 */
public record KubeletConfig(
    boolean anonymousAuth, String authorizationMode, boolean serverTlsBootstrap) {
  public static final String NAMESPACE = "kube-system";
  public static final String NAME = "kubelet-config";
  public static final String KEY = "kubelet";

  /** Returns the configuration in YAML. */
  public String yaml() {
    return """
        apiVersion: kubelet.config.k8s.io/v1beta1
        authentication:
          anonymous:
            enabled: %s
          webhook:
            enabled: true
        authorization:
          mode: %s
        kind: KubeletConfiguration
        rotateCertificates: true
        serverTLSBootstrap: %s
        """
        .formatted(anonymousAuth, authorizationMode, serverTlsBootstrap);
  }

  /** Reads what is of it here; what it doesn't say is as kubeadm has it. */
  public static KubeletConfig parse(String yaml) {
    JsonNode root;
    try {
      root = new ObjectMapper(new YAMLFactory()).readTree(yaml);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("ConfigMap " + NAME + " is malformed YAML");
    }
    return new KubeletConfig(
        root.at("/authentication/anonymous/enabled").asBoolean(false),
        root.at("/authorization/mode").asText("Webhook"),
        root.path("serverTLSBootstrap").asBoolean(false));
  }
}
