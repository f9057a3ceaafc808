package io.hubspoke.lab.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.runtime.Component;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A pod that streams come from or go to, on a node that is given. */
record BenchPod(String name) {
  /** What most loads go to. */
  static final BenchPod STREAMS = new BenchPod("bench");

  /** One that says something all the time. */
  static final BenchPod LOG = new BenchPod("bench-log");

  /** Where its containers have a directory of the machine's. */
  static final String VOLUME = "/data";

  private static final String COLLECTION = "/api/v1/namespaces/default/pods";
  private static final Duration LONGEST_START = Duration.ofSeconds(60);
  private static final String ACCOUNT = "{\"metadata\": {\"name\": \"default\"}}";
  private static final String POD =
      """
      {"metadata": {"name": "%s", "labels": {"app": "bench"}},
       "spec": {"nodeName": "%s", "automountServiceAccountToken": false,
                "terminationGracePeriodSeconds": 0,
                "volumes": [{"name": "data", "emptyDir": {}}],
                "containers": [
                  {"name": "main", "image": "%s", "command": %s,
                   "volumeMounts": [{"name": "data", "mountPath": "%s"}]}]}}
      """;

  /** Waits for a node, and makes what pods need. */
  static void awaitNode(Connections admin, String node) throws Exception {
    admin.await("/readyz", LONGEST_START);
    admin.await("/api/v1/nodes/" + node, LONGEST_START);
    // Pods want their namespace's account, which no controller makes here.
    Component.await(
        admin.ask(
            HttpMethod.POST, "/api/v1/namespaces/default/serviceaccounts", Buffer.buffer(ACCOUNT)));
  }

  String path() {
    return COLLECTION + "/" + name;
  }

  /** Makes it, waits until it runs, and returns its address. */
  String start(Connections admin, String node, String image, String command) throws Exception {
    long deadline = System.nanoTime() + LONGEST_START.toNanos();
    int made =
        Component.await(
            admin.ask(
                HttpMethod.POST,
                COLLECTION,
                Buffer.buffer(POD.formatted(name, node, image, command, VOLUME))));
    if (made != 201) {
      throw new IOException("the pod was answered " + made);
    }
    while (true) {
      ObjectNode status = (ObjectNode) Component.await(admin.read(path())).path("status");
      if (status.path("phase").asText().equals("Running") && status.hasNonNull("podIP")) {
        return status.path("podIP").asText();
      }
      if (System.nanoTime() - deadline > 0) {
        throw new IOException(
            "the pod does not run: " + status + " after " + LONGEST_START.toSeconds() + " s");
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  /** Deletes it, without waiting for its end. */
  void delete(Connections admin) throws Exception {
    Component.await(admin.ask(HttpMethod.DELETE, path() + "?gracePeriodSeconds=0", null));
  }
}
