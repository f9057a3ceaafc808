package io.hubspoke.lab.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.hubspoke.api.Json;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.images.ApiClientImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A pod whose program asks the apiserver the same again and again, each time anew. */
record ApiClientPod(Mesh mesh, String node, String name, String ip, PodFiles files) {
  static final String WHOAMI = "whoami";
  private static final String INTERVAL = "--interval=100ms";

  /** Starts one on a node, as a service account, and waits until it runs. */
  static ApiClientPod start(Mesh mesh, String node, Account account, String name, String... paths)
      throws Exception {
    var args = new ArrayList<>(List.of("--whoami", INTERVAL));
    for (var path : paths) {
      args.add("--get=" + path);
    }
    var workload = new Workload(mesh);
    var described = Workload.describe(name, ApiClientImage.NAME, args);
    described.withObject("/spec").put("nodeName", node).put("serviceAccountName", account.name());
    workload.create(described);
    workload.runs(name);
    var pod = workload.pod(name);
    return new ApiClientPod(
        mesh,
        node,
        name,
        pod.at("/status/podIP").asText(),
        new PodFiles(mesh, node, Workload.NAMESPACE, name, pod.at("/metadata/uid").asText()));
  }

  /** What it was answered in a round that began after this call. */
  JsonNode next(String asked) throws Exception {
    var seen = lastRound();
    // The round after the last one seen may have begun already.
    return Checks.eventually(
            Checks.PATIENCE,
            () ->
                said().stream()
                    .filter(line -> line.path("round").asLong() > seen + 1)
                    .filter(line -> line.path("asked").asText().equals(asked))
                    .findFirst(),
            Optional::isPresent)
        .orElseGet(MissingNode::getInstance);
  }

  /** The same, again and again until the status is this one. */
  JsonNode until(String asked, int status) throws Exception {
    return Checks.eventually(
        Checks.PATIENCE, () -> next(asked), line -> line.path("status").asInt() == status);
  }

  static String get(String path) {
    return "GET " + path;
  }

  private long lastRound() throws IOException {
    return said().stream().mapToLong(line -> line.path("round").asLong()).max().orElse(0);
  }

  private List<JsonNode> said() throws IOException {
    var lines = new ArrayList<JsonNode>();
    for (var line : files.log(Workload.container())) {
      if (line.startsWith("{") && line.endsWith("}")) {
        lines.add(Json.parse(line.getBytes(UTF_8)));
      }
    }
    return lines;
  }

  /** A line of it in a few words. */
  static String brief(JsonNode line) {
    var text = line.path("failed").asText(line.path("body").asText());
    return line.path("status").asInt() + " " + text.substring(0, Math.min(160, text.length()));
  }
}
