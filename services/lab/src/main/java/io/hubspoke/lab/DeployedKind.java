package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.hubspoke.api.Yaml;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Tells what kind of mesh a deployment is, by what its apiserver runs with. */
final class DeployedKind {
  private static final Resource<ObjectNode> STATEFUL_SETS =
      Resource.namespaced("apps", "v1", "statefulsets", StatefulSet.class).tree();
  private static final String APISERVER = "apiserver";
  private static final String SELECTOR = "egress-selector";
  private static final String SELECTOR_FILE = "egress-selector-configuration.yaml";

  private DeployedKind() {}

  /**
   * Reads it.
   *
   * @throws IOException when the apiserver reaches nodes in a way that is not known
   */
  static Meshes.Kind read(ApiClient outer, String namespace) throws Exception {
    var apiserver = Component.await(outer.get(STATEFUL_SETS, namespace, APISERVER));
    var arguments = arguments(apiserver);
    var posture =
        has(arguments, "--kubelet-certificate-authority") ? Posture.VERIFIED : Posture.DEFAULT;
    return new Meshes.Kind(posture, egress(outer, namespace, arguments));
  }

  private static List<String> arguments(ObjectNode apiserver) {
    var arguments = new ArrayList<String>();
    for (var container : apiserver.at("/spec/template/spec/containers")) {
      if (container.path("name").asText().equals(APISERVER)) {
        container.path("args").forEach(argument -> arguments.add(argument.asText()));
      }
    }
    return arguments;
  }

  private static boolean has(List<String> arguments, String flag) {
    return arguments.stream().anyMatch(argument -> argument.startsWith(flag + "="));
  }

  private static Egress egress(ApiClient outer, String namespace, List<String> arguments)
      throws Exception {
    if (has(arguments, "--ssh-user")) {
      return Egress.SSH;
    }
    if (!has(arguments, "--egress-selector-config-file")) {
      return Egress.DIRECT;
    }
    var map = Component.await(outer.get(Resource.CONFIG_MAPS.tree(), namespace, SELECTOR));
    var file = Yaml.parseObject(map.path("data").path(SELECTOR_FILE).asText().getBytes(UTF_8));
    for (var selection : file.path("egressSelections")) {
      if (selection.path("name").asText().equals("cluster")) {
        var protocol = selection.at("/connection/proxyProtocol").asText();
        return switch (protocol) {
          case "GRPC" -> Egress.KONNECTIVITY_GRPC;
          case "HTTPConnect" -> Egress.KONNECTIVITY_HTTP_CONNECT;
          case "Direct" -> Egress.DIRECT;
          default ->
              throw new IOException(
                  "config map %s: proxyProtocol must be GRPC, HTTPConnect or Direct, but is \"%s\""
                      .formatted(SELECTOR, protocol));
        };
      }
    }
    return Egress.DIRECT;
  }
}
