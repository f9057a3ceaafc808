package io.hubspoke.lab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Resource;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.runtime.Component;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Keeps a deployment's files as objects of the cluster that it runs in: one Secret for each who
 * needs some, with no more than those. What must outlive a second run is in Secret {@code
 * authorities}, which nothing mounts.
 */
final class ClusterSecrets {
  private static final int ATTEMPTS = 5;

  /** The Secret of what outlives a run, in the control plane's namespace. */
  static final String KEPT = "authorities";

  /** Everything that a second run goes on with. */
  private static final List<String> KEPT_FILES =
      List.of(
          "pki/ca.crt",
          "pki/ca.key",
          "pki/front-proxy-ca.crt",
          "pki/front-proxy-ca.key",
          "pki/konnectivity-agent-ca.crt",
          "pki/konnectivity-agent-ca.key",
          "pki/konnectivity-frontend-ca.crt",
          "pki/konnectivity-frontend-ca.key",
          "pki/storage-ca.crt",
          "pki/storage-ca.key",
          "pki/sa.key",
          "pki/sa.pub",
          "pki/known_tokens.csv",
          "pki/ssh/id_ed25519",
          "pki/ssh/id_ed25519.pub");

  /** What each part of the control plane is given. */
  private static final Map<String, List<String>> CONTROL_PLANE =
      Map.of(
          "apiserver",
          List.of(
              "pki/ca.crt",
              "pki/apiserver.crt",
              "pki/apiserver.key",
              "pki/apiserver-kubelet-client.crt",
              "pki/apiserver-kubelet-client.key",
              "pki/front-proxy-ca.crt",
              "pki/sa.key",
              "pki/sa.pub",
              "pki/known_tokens.csv"),
          "apiserver-ssh",
          List.of("pki/ssh/id_ed25519"),
          "apiserver-storage",
          List.of("pki/storage-ca.crt", "pki/storage-peer.crt", "pki/storage-peer.key"),
          "controller-manager",
          List.of("controller-manager.kubeconfig", "pki/ca.crt", "pki/ca.key", "pki/sa.key"),
          "scheduler",
          List.of("scheduler.kubeconfig"),
          "konnectivity-server",
          List.of(
              "pki/konnectivity-server.crt",
              "pki/konnectivity-server.key",
              "pki/konnectivity-agent-ca.crt",
              "konnectivity-server.kubeconfig"),
          "admin",
          List.of("admin.kubeconfig"),
          "monitoring",
          List.of("pki/ca.crt", "pki/monitoring.crt", "pki/monitoring.key"));

  /** What nodes are given. */
  private static final Map<String, List<String>> NODES =
      Map.of(
          "kubelet",
          List.of("bootstrap-kubelet.kubeconfig", "pki/ca.crt"),
          "kube-proxy",
          List.of("kube-proxy.kubeconfig"),
          "konnectivity-agent",
          List.of("pki/ca.crt", "pki/konnectivity-agent.crt", "pki/konnectivity-agent.key"),
          "sshd",
          List.of("pki/ssh/authorized_keys"));

  private final ApiClient client;
  private final Path directory;
  private final String namespace;
  private final String nodeNamespace;
  private final Consumer<String> progress;

  /** Writes the files into the directory. */
  interface Writing {
    void run() throws IOException;
  }

  ClusterSecrets(
      ApiClient client,
      Path directory,
      String namespace,
      String nodeNamespace,
      Consumer<String> progress) {
    this.client = client;
    this.directory = directory;
    this.namespace = namespace;
    this.nodeNamespace = nodeNamespace;
    this.progress = progress;
  }

  /** Fetches what is kept, has the files written, and gives each of them to who needs it. */
  void publish(Writing writing) throws Exception {
    keep(writing);
    for (var secret : CONTROL_PLANE.entrySet()) {
      put(namespace, secret.getKey(), secret.getValue());
    }
    for (var secret : NODES.entrySet()) {
      put(nodeNamespace, secret.getKey(), secret.getValue());
    }
  }

  /** Another run at the same time may be first: then its authorities are everybody's. */
  private void keep(Writing writing) throws Exception {
    for (var attempt = 1; ; attempt++) {
      var kept = find(namespace, KEPT);
      forget();
      if (kept != null) {
        fetch(kept);
      }
      writing.run();
      var wanted = data(KEPT_FILES);
      if (kept != null && kept.path("data").equals(wanted)) {
        progress.accept("secret/" + KEPT + " kept");
        return;
      }
      try {
        write(namespace, KEPT, kept, wanted);
        return;
      } catch (ApiException e) {
        if (e.code() != 409 || attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private void forget() throws IOException {
    for (var file : KEPT_FILES) {
      Files.deleteIfExists(directory.resolve(file));
    }
  }

  private void fetch(ObjectNode secret) throws IOException {
    for (var file : KEPT_FILES) {
      var value = secret.path("data").path(key(file));
      if (value.isTextual()) {
        AtomicFile.writePrivate(
            directory.resolve(file),
            new String(Base64.getDecoder().decode(value.asText()), StandardCharsets.UTF_8));
      }
    }
  }

  private void put(String where, String name, List<String> files) throws Exception {
    for (var attempt = 1; ; attempt++) {
      try {
        write(where, name, find(where, name), data(files));
        return;
      } catch (ApiException e) {
        if (e.code() != 409 || attempt == ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private ObjectNode find(String where, String name) throws Exception {
    try {
      return Component.await(client.get(Resource.SECRETS.tree(), where, name));
    } catch (ApiException e) {
      if (e.code() == 404) {
        return null;
      }
      throw e;
    }
  }

  /** Makes the object, or replaces what it was when it was read. */
  private void write(String where, String name, ObjectNode before, ObjectNode data)
      throws Exception {
    var resource = Resource.SECRETS.tree();
    if (before == null) {
      var secret =
          Json.object().put("apiVersion", "v1").put("kind", "Secret").put("type", "Opaque");
      secret
          .putObject("metadata")
          .put("name", name)
          .put("namespace", where)
          .putObject("labels")
          .put("app.kubernetes.io/part-of", "hubspoke");
      secret.set("data", data);
      Component.await(client.create(resource, where, secret));
    } else {
      before.set("data", data);
      Component.await(client.update(resource, where, name, before));
    }
    progress.accept(
        "secret/%s in %s %s".formatted(name, where, before == null ? "made" : "renewed"));
  }

  private ObjectNode data(List<String> files) throws IOException {
    var data = Json.object();
    for (var file : files) {
      data.put(
          key(file),
          Base64.getEncoder().encodeToString(Files.readAllBytes(directory.resolve(file))));
    }
    return data;
  }

  private static String key(String file) {
    return file.substring(file.lastIndexOf('/') + 1);
  }
}
