package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.hubspoke.api.Yaml;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What kustomize makes of the manifests of this repository. */
record Manifests(Path directory, List<JsonNode> objects) {
  static final Path ROOT = Path.of("../../k8s-manifests").toAbsolutePath().normalize();

  /** Builds a directory of the manifests, as kubectl does before it applies them. */
  static Manifests build(Kubectl kubectl, String name) throws Exception {
    var directory = ROOT.resolve(name);
    var objects = new ArrayList<JsonNode>();
    var yaml = kubectl.run("kustomize", directory.toString()).ok();
    for (var document : yaml.split("(?m)^---$", -1)) {
      objects.add(Yaml.parseObject(document.getBytes(UTF_8)));
    }
    return new Manifests(directory, objects);
  }

  /** A pod that some object makes. */
  record PodTemplate(String name, String namespace, JsonNode spec) {
    List<JsonNode> containers() {
      var containers = new ArrayList<JsonNode>();
      spec.path("initContainers").forEach(containers::add);
      spec.path("containers").forEach(containers::add);
      return containers;
    }

    /** Returns which Secret is mounted where in a container. */
    Map<String, String> secretMounts(JsonNode container) {
      var secrets = new HashMap<String, String>();
      spec.path("volumes")
          .forEach(
              volume -> {
                var secret = volume.at("/secret/secretName").asText();
                if (!secret.isEmpty()) {
                  secrets.put(volume.path("name").asText(), secret);
                }
              });
      var mounts = new HashMap<String, String>();
      container
          .path("volumeMounts")
          .forEach(
              mount -> {
                var secret = secrets.get(mount.path("name").asText());
                if (secret != null) {
                  mounts.put(mount.path("mountPath").asText(), secret);
                }
              });
      return mounts;
    }
  }

  List<PodTemplate> podTemplates() {
    var templates = new ArrayList<PodTemplate>();
    for (var object : objects) {
      var spec = object.at("/spec/template/spec");
      if (spec.has("containers")) {
        templates.add(
            new PodTemplate(
                object.path("kind").asText() + "/" + object.at("/metadata/name").asText(),
                object.at("/metadata/namespace").asText(),
                spec));
      }
    }
    return templates;
  }
}
