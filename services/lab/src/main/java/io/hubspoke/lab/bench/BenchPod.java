package io.hubspoke.lab.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.runtime.Component;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The pod that streams go to, on a node that is given. */
final class BenchPod {
  static final String PATH = "/api/v1/namespaces/default/pods/bench";

  private static final Duration LONGEST_START = Duration.ofSeconds(60);
  private static final String ACCOUNT = "{\"metadata\": {\"name\": \"default\"}}";
  private static final String POD =
      """
      {"metadata": {"name": "bench", "labels": {"app": "bench"}},
       "spec": {"nodeName": "%s", "automountServiceAccountToken": false,
                "terminationGracePeriodSeconds": 0,
                "containers": [
                  {"name": "main", "image": "%s", "command": %s}]}}
      """;

  private final Connections admin;

  BenchPod(Connections admin) {
    this.admin = admin;
  }

  /** Makes it, waits until it runs, and returns its address. */
  String start(String node, String image, String command) throws Exception {
    long deadline = System.nanoTime() + LONGEST_START.toNanos();
    awaitStatus("/readyz", deadline);
    awaitStatus("/api/v1/nodes/" + node, deadline);
    // Pods want their namespace's account, which no controller makes here.
    Component.await(
        admin.ask(
            HttpMethod.POST, "/api/v1/namespaces/default/serviceaccounts", Buffer.buffer(ACCOUNT)));
    int made =
        Component.await(
            admin.ask(
                HttpMethod.POST,
                "/api/v1/namespaces/default/pods",
                Buffer.buffer(POD.formatted(node, image, command))));
    if (made != 201) {
      throw new IOException("the pod was answered " + made);
    }
    while (true) {
      ObjectNode status = (ObjectNode) Component.await(admin.read(PATH)).path("status");
      if (status.path("phase").asText().equals("Running") && status.hasNonNull("podIP")) {
        return status.path("podIP").asText();
      }
      pause(deadline, "the pod does not run: " + status);
    }
  }

  private void awaitStatus(String path, long deadline) throws Exception {
    while (true) {
      try {
        if (Component.await(admin.ask(HttpMethod.GET, path, null)) == 200) {
          return;
        }
      } catch (IOException notYet) {
        // It starts.
      }
      pause(deadline, path + " is not there");
    }
  }

  private static void pause(long deadline, String what) throws Exception {
    if (System.nanoTime() - deadline > 0) {
      throw new IOException(what + " after " + LONGEST_START.toSeconds() + " s");
    }
    TimeUnit.MILLISECONDS.sleep(50);
  }
}
