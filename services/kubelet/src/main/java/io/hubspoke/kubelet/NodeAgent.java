package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Backoff;
import io.hubspoke.client.EventRecorder;
import io.hubspoke.client.Informer;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.kubelet.runtime.ContainerRuntime;
import io.vertx.core.Context;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this node known: registers it, and reports its status on change and every few minutes. Its
 * methods wait, so they run on virtual threads.
 */
final class NodeAgent {
  private static final Logger LOG = LoggerFactory.getLogger(NodeAgent.class);
  private static final Resource<ObjectNode> NODES = Resource.NODES.tree();
  private static final int REPORT_TRIES = 5;

  private final KubeletOptions options;
  private final ContainerRuntime runtime;
  private final ApiClient client;
  private final NodeStatus status;
  private final Lifetime lifetime;
  private final EventRecorder events;

  /** The node's own object: to ask for it at each look would be most of what nodes ask. */
  private final Informer<ObjectNode> watched;

  private byte[] reported = {};
  private Instant reportedAt = Instant.MIN;
  private volatile String nodeUid = "";

  NodeAgent(
      KubeletOptions options,
      ContainerRuntime runtime,
      ApiClient client,
      NodeStatus status,
      EventRecorder events,
      Lifetime lifetime,
      Context context) {
    this.options = options;
    this.runtime = runtime;
    this.client = client;
    this.status = status;
    this.events = events;
    this.lifetime = lifetime;
    this.watched =
        new Informer<>(
            client,
            NODES,
            ListOptions.ALL.withFieldSelector("metadata.name=" + options.nodeName()),
            context);
  }

  String nodeUid() {
    return nodeUid;
  }

  /** Registers the node, trying until the apiserver takes it. */
  void register() {
    Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(7));
    while (!lifetime.ended()) {
      try {
        ObjectNode node = options.registerNode() ? createOrAdopt() : get();
        seen(node);
        return;
      } catch (RuntimeException e) {
        LOG.warn("{}: not registered yet: {}", options.nodeName(), e.getMessage());
      } catch (Exception e) {
        // Future.await throws what the future failed with, checked or not.
        LOG.warn("{}: apiserver not reached: {}", options.nodeName(), e.getMessage());
      }
      lifetime.sleep(backoff.next());
    }
  }

  private ObjectNode createOrAdopt() throws Exception {
    ObjectNode wanted = wanted();
    try {
      ObjectNode created = client.create(NODES, "", wanted).await();
      reported = NodeStatus.lasting((ObjectNode) wanted.path("status"));
      reportedAt = Instant.now();
      LOG.info("{}: registered", options.nodeName());
      return created;
    } catch (ApiException e) {
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
    }
    // Known from before: its labels are seen to, its status is new.
    ObjectNode patch = Json.object();
    patch.putObject("metadata").set("labels", status.labels());
    client.patch(NODES, "", options.nodeName(), PatchType.STRATEGIC_MERGE, patch).await();
    ObjectNode known = get();
    report(known, true);
    tellUnknownHostKeys(known);
    return known;
  }

  /**
   * Only who makes the Node object publishes host keys with it: else whoever took an identity over
   * could replace them. An administrator can, who knows why they changed.
   */
  private void tellUnknownHostKeys(ObjectNode known) throws IOException {
    if (status.hasHostKeys(known)) {
      return;
    }
    String files =
        options.sshHostKeys().stream().map(Path::toString).collect(Collectors.joining(" "));
    String message =
        ("its Node object was there before and lacks the keys of --ssh-host-keys, so that the"
                + " apiserver opens no tunnel to it; if they are the node's, an administrator"
                + " publishes them: kubectl annotate --overwrite node %s \"%s=$(cat %s)\"")
            .formatted(options.nodeName(), NodeStatus.SSH_HOST_KEYS, files);
    LOG.warn("{}: {}", options.nodeName(), message);
    events.warning(about(), "SSHHostKeysNotPublished", message);
  }

  private ObjectNode wanted() {
    try {
      return status.node(Instant.now());
    } catch (IOException notThereYet) {
      throw new IllegalStateException(notThereYet.getMessage(), notThereYet);
    }
  }

  private ObjectNode get() {
    return client.get(NODES, "", options.nodeName()).await();
  }

  /** Returns the node as it is watched; asks for it when that says nothing. */
  private ObjectNode known() {
    ObjectNode node = watched.isWatching() ? watched.get("", options.nodeName()) : null;
    return node == null ? get() : node;
  }

  /** Takes note of what others decide about the node: its pod range, and its UID. */
  private void seen(ObjectNode node) {
    nodeUid = Meta.uid(node);
    String cidr = node.path("spec").path("podCIDR").asText(options.podCidr());
    if (!cidr.isEmpty()) {
      runtime.updatePodCidr(cidr);
    }
  }

  /** Reports the status again and again until stopped. */
  void reportLoop() {
    watched.start().otherwiseEmpty();
    while (!lifetime.ended()) {
      lifetime.sleep(options.nodeStatusUpdateFrequency());
      if (!lifetime.ended()) {
        tryToReport();
      }
    }
    watched.stop().otherwiseEmpty();
  }

  /** Tries a few times at once, as the kubelet does: a connection may have broken meanwhile. */
  private void tryToReport() {
    String failure = "";
    for (int i = 0; i < REPORT_TRIES && !lifetime.ended(); i++) {
      try {
        ObjectNode node = i == 0 ? known() : get();
        seen(node);
        report(node, false);
        return;
      } catch (Exception e) {
        if (e instanceof ApiException a && a.code() == 404 && options.registerNode()) {
          register();
          return;
        }
        failure = e.getMessage();
      }
    }
    if (!lifetime.ended()) {
      LOG.warn("{}: status not reported: {}", options.nodeName(), failure);
    }
  }

  private void report(ObjectNode node, boolean force) throws Exception {
    Instant now = Instant.now();
    ObjectNode next = status.status(node.path("status"), now);
    // Somebody else may have changed a condition, as the node lifecycle controller does,
    // or another kubelet all of it.
    boolean othersChanged =
        !Conditions.of(node.path("status"), "Ready").equals(Conditions.of(next, "Ready"))
            || NodeStatus.isOfAnother(node.path("status"), next);
    boolean due =
        reportedAt.equals(Instant.MIN)
            || !now.isBefore(reportedAt.plus(options.nodeStatusReportFrequency()));
    if (!force && !due && !othersChanged && Arrays.equals(NodeStatus.lasting(next), reported)) {
      return;
    }
    ObjectNode patch = Json.object();
    patch.set("status", next);
    client.patchStatus(NODES, "", options.nodeName(), PatchType.STRATEGIC_MERGE, patch).await();
    tellDiskPressure(node.path("status"), next);
    reported = NodeStatus.lasting(next);
    reportedAt = now;
  }

  private void tellDiskPressure(JsonNode before, JsonNode next) {
    String now = Conditions.of(next, NodeStatus.DISK_PRESSURE);
    String then = Conditions.of(before, NodeStatus.DISK_PRESSURE);
    if (!now.equals(then) && !(then.isEmpty() && now.equals("False"))) {
      String reason = now.equals("True") ? "NodeHasDiskPressure" : "NodeHasNoDiskPressure";
      events.normal(about(), reason, "Node " + options.nodeName() + " status is now: " + reason);
    }
  }

  /** The kubelet names its node's name for the UID, as the real one does. */
  private EventRecorder.Regarding about() {
    return new EventRecorder.Regarding("v1", "Node", "", options.nodeName(), options.nodeName());
  }
}
