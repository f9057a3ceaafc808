package io.hubspoke.lab.scale;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Item;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.audit.StreamsCaller;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.Component;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.StreamTransport;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * Tries on some nodes, chosen at random, what a kubelet is for: a pod runs, its log and a command
 * in it are had through the apiserver and the kubelet's HTTPS endpoint; and that the node's
 * certificate gives the rights of that node and no more.
 */
public final class Sample {
  private static final String NAMESPACE = "default";
  private static final String TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";
  private static final Resource<ObjectNode> REVIEWS =
      Resource.cluster("authentication.k8s.io", "v1", "selfsubjectreviews", ObjectNode.class);
  private static final int TRIES = 600;
  private static final long TRY_MILLIS = 100;
  private static final int FORBIDDEN = 403;

  /** How many things were tried, and what went wrong with which. */
  public record Result(int done, List<String> failures) {}

  private final Vertx vertx;
  private final ClientConfig admin;
  private final Function<String, Optional<Path>> nodeDirectory;
  private final List<String> failures = new ArrayList<>();
  private int done;

  Sample(Vertx vertx, ClientConfig admin, Function<String, Optional<Path>> nodeDirectory) {
    this.vertx = vertx;
    this.admin = admin;
    this.nodeDirectory = nodeDirectory;
  }

  /**
   * Tries so many nodes, and these pods.
   *
   * @param pods of image pause, which says nothing
   */
  Result of(int nodes, int samples, List<Item.Key> pods) throws Exception {
    Set<Integer> chosen = new TreeSet<>();
    while (chosen.size() < Math.min(samples, nodes)) {
      chosen.add(ThreadLocalRandom.current().nextInt(nodes) + 1);
    }
    var identity = ((Credentials.Certificate) admin.credentials()).identity();
    var client = new ApiClient(vertx, admin);
    try (var caller = new StreamsCaller(vertx, identity, StreamTransport.WEBSOCKET)) {
      for (var n : chosen) {
        var node = "node-" + n;
        pod(client, caller, node);
        rights(node, "node-" + (n % nodes + 1), nodes > 1);
      }
      for (var pod : pods) {
        present(client, caller, pod);
      }
    } finally {
      Component.await(client.close());
    }
    return new Result(done, failures);
  }

  private void pod(ApiClient client, StreamsCaller caller, String node) throws Exception {
    var name = "sample-" + node;
    Component.await(client.create(Resource.PODS.tree(), NAMESPACE, pod(name, node)));
    try {
      check(node + " runs a pod", () -> awaitRunning(client, name));
      var path = Resource.PODS.path(NAMESPACE, name);
      check(
          node + " answers logs",
          () -> {
            var wanted = "here is " + name;
            for (var i = 0; i < TRIES; i++) {
              var log = Component.await(client.raw(path + "/log")).toString(StandardCharsets.UTF_8);
              if (log.contains(wanted)) {
                return;
              }
              TimeUnit.MILLISECONDS.sleep(TRY_MILLIS);
            }
            throw new TimeoutException("no line \"" + wanted + "\" in its log");
          });
      check(
          node + " answers exec",
          () -> {
            var said = exec(caller, path, "hostname");
            if (!said.equals(name)) {
              throw new IllegalStateException("it says " + said);
            }
          });
    } finally {
      Component.await(
          client.deleteIfPresent(Resource.PODS, NAMESPACE, name, DeleteOptions.DEFAULT));
    }
  }

  private String exec(StreamsCaller caller, String path, String... command) throws Exception {
    var ran =
        caller.run(
            admin.server()
                + path
                + "/exec?stdout=true&command="
                + String.join("&command=", command),
            new RemoteCommand(false, true, false, false),
            "");
    if (ran.failed()) {
      throw new IllegalStateException(ran.brief());
    }
    return ran.stdout().strip();
  }

  /** A pod that was there: by its token the apiserver knows it from all others. */
  private void present(ApiClient client, StreamsCaller caller, Item.Key pod) {
    var path = Resource.PODS.path(pod.namespace(), pod.name());
    check(pod + " answers logs", () -> Component.await(client.raw(path + "/log")));
    check(
        pod + " answers exec",
        () -> {
          var said = exec(caller, path, "hostname");
          if (!said.equals(pod.name())) {
            throw new IllegalStateException("it says " + said);
          }
        });
    check(
        pod + " has a token of its own",
        () -> {
          var token = new Credentials.Token(exec(caller, path, "cat", TOKEN));
          var own = new ApiClient(vertx, admin.withCredentials(token));
          try {
            var known = Component.await(own.create(REVIEWS, "", Json.object()));
            var name =
                known
                    .at("/status/userInfo/extra")
                    .path("authentication.kubernetes.io/pod-name")
                    .path(0)
                    .asText();
            if (!name.equals(pod.name())) {
              throw new IllegalStateException("it is known as " + name);
            }
          } finally {
            Component.await(own.close());
          }
        });
  }

  private static void awaitRunning(ApiClient client, String name) throws Exception {
    for (var i = 0; i < TRIES; i++) {
      var pod = Component.await(client.get(Resource.PODS.tree(), NAMESPACE, name));
      if (pod.at("/status/phase").asText().equals("Running")) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(TRY_MILLIS);
    }
    throw new TimeoutException("it is not running yet");
  }

  /** By the certificate that it got by its own request; of another machine's there is none here. */
  private void rights(String node, String other, boolean others) throws Exception {
    var directory = nodeDirectory.apply(node);
    if (directory.isEmpty()) {
      return;
    }
    var file = directory.get().resolve("pki").resolve("kubelet-client-current.pem");
    var identity = new Credentials.Certificate(Identity.read(file, file));
    var client =
        new ApiClient(vertx, admin.withCredentials(identity).withUserAgent("hubspoke-scale"));
    try {
      check(
          node + " may read itself",
          () -> Component.await(client.get(Resource.NODES.tree(), "", node)));
      mayNot(node, "read secrets", client.raw("/api/v1/secrets"));
      mayNot(node, "read all pods", client.raw("/api/v1/pods"));
      if (others) {
        mayNot(
            node,
            "take another's lease",
            client.delete(Resource.LEASES, "kube-node-lease", other, DeleteOptions.DEFAULT));
        var patch = Json.object();
        patch.putObject("metadata").putObject("labels").put("a", "b");
        mayNot(
            node,
            "label another node",
            client.patch(
                Resource.NODES.tree(), "", other, io.hubspoke.client.PatchType.MERGE, patch));
      }
    } finally {
      Component.await(client.close());
    }
  }

  private void mayNot(String node, String what, Future<?> request) {
    check(
        node + " may not " + what,
        () -> {
          try {
            Component.await(request);
          } catch (ApiException e) {
            if (e.code() == FORBIDDEN) {
              return;
            }
            throw e;
          }
          throw new IllegalStateException("it could");
        });
  }

  private interface Trial {
    void run() throws Exception;
  }

  private void check(String what, Trial trial) {
    done++;
    try {
      trial.run();
    } catch (Exception e) {
      failures.add(what + ": " + Component.reason(e));
    }
  }

  private static ObjectNode pod(String name, String node) {
    var pod = Json.object().put("apiVersion", "v1").put("kind", "Pod");
    pod.putObject("metadata").put("name", name);
    var spec = pod.putObject("spec").put("nodeName", node).put("terminationGracePeriodSeconds", 0);
    var container =
        spec.putArray("containers").addObject().put("name", "main").put("image", "hubspoke/shell");
    container.putArray("command").add("sh").add("-c").add("echo here is $(hostname); sleep 3600");
    return pod;
  }
}
