package io.hubspoke.kubelet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.vertx.core.Context;
import io.vertx.core.Future;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the apiserver what happens, one event after the other; a repeated one raises the count of
 * the first. Events are lost when the apiserver is away for long: nothing may wait for them.
 */
final class EventRecorder {
  private static final Logger LOG = LoggerFactory.getLogger(EventRecorder.class);
  private static final Resource<ObjectNode> EVENTS = Resource.EVENTS.tree();
  private static final int MAX_QUEUED = 256;
  private static final int MAX_REMEMBERED = 256;

  enum Type {
    NORMAL("Normal"),
    WARNING("Warning");

    private final String label;

    Type(String label) {
      this.label = label;
    }
  }

  /**
   * What an event is about.
   *
   * @param fieldPath such as {@code spec.containers{web}}; empty for the whole object
   */
  record Subject(
      String kind,
      String namespace,
      String name,
      String uid,
      String resourceVersion,
      String fieldPath) {
    Subject field(String path) {
      return new Subject(kind, namespace, name, uid, resourceVersion, path);
    }
  }

  private record Key(String uid, String fieldPath, Type type, String reason, String message) {}

  private record Seen(String name, int count) {}

  private record Occurrence(Subject subject, Type type, String reason, String message, Instant at) {
    Key key() {
      return new Key(subject.uid, subject.fieldPath, type, reason, message);
    }
  }

  private final ApiClient client;
  private final Context context;
  private final String nodeName;

  // Touched on the context only.
  private final Queue<Occurrence> queue = new ArrayDeque<>();
  private final Map<Key, Seen> seen =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Seen> eldest) {
          return size() > MAX_REMEMBERED;
        }
      };
  private boolean sending;
  private int sequence;

  EventRecorder(ApiClient client, Context context, String nodeName) {
    this.client = client;
    this.context = context;
    this.nodeName = nodeName;
  }

  /** Records an event; returns at once. */
  void record(Subject subject, Type type, String reason, String message) {
    Occurrence occurrence = new Occurrence(subject, type, reason, message, Instant.now());
    context.runOnContext(
        v -> {
          if (queue.size() < MAX_QUEUED) {
            queue.add(occurrence);
          }
          send();
        });
  }

  private void send() {
    if (sending || queue.isEmpty()) {
      return;
    }
    sending = true;
    Occurrence next = queue.remove();
    store(next)
        .onComplete(
            result -> {
              if (result.failed()) {
                LOG.debug("event {} lost: {}", next.reason, result.cause().getMessage());
              }
              context.runOnContext(
                  v -> {
                    sending = false;
                    send();
                  });
            });
  }

  private Future<?> store(Occurrence occurrence) {
    Seen before = seen.get(occurrence.key());
    if (before == null) {
      return create(occurrence);
    }
    Seen now = new Seen(before.name, before.count + 1);
    seen.put(occurrence.key(), now);
    ObjectNode patch =
        Json.object().put("count", now.count).put("lastTimestamp", Times.seconds(occurrence.at));
    return client
        .patch(EVENTS, namespace(occurrence), now.name, PatchType.STRATEGIC_MERGE, patch)
        .recover(
            failure -> {
              // Events live for an hour.
              if (failure instanceof ApiException refused && refused.code() == 404) {
                return create(occurrence);
              }
              return Future.failedFuture(failure);
            });
  }

  private Future<ObjectNode> create(Occurrence occurrence) {
    Subject subject = occurrence.subject;
    String name =
        subject.name
            + "."
            + Long.toHexString(occurrence.at.toEpochMilli() * 1_000_000 + sequence++ % 1_000_000);
    String namespace = namespace(occurrence);
    ObjectNode event = Json.object().put("apiVersion", "v1").put("kind", "Event");
    event.putObject("metadata").put("name", name).put("namespace", namespace);
    ObjectNode about = event.putObject("involvedObject").put("kind", subject.kind);
    about.put("apiVersion", "v1").put("name", subject.name).put("uid", subject.uid);
    if (!subject.namespace.isEmpty()) {
      about.put("namespace", subject.namespace);
    }
    if (!subject.resourceVersion.isEmpty()) {
      about.put("resourceVersion", subject.resourceVersion);
    }
    if (!subject.fieldPath.isEmpty()) {
      about.put("fieldPath", subject.fieldPath);
    }
    event.put("reason", occurrence.reason).put("message", occurrence.message);
    event.putObject("source").put("component", "kubelet").put("host", nodeName);
    String at = Times.seconds(occurrence.at);
    event.put("firstTimestamp", at).put("lastTimestamp", at).put("count", 1);
    event.put("type", occurrence.type.label).putNull("eventTime");
    event.put("reportingComponent", "kubelet").put("reportingInstance", nodeName);
    seen.put(occurrence.key(), new Seen(name, 1));
    return client.create(EVENTS, namespace, event);
  }

  private static String namespace(Occurrence occurrence) {
    return occurrence.subject.namespace.isEmpty() ? "default" : occurrence.subject.namespace;
  }
}
