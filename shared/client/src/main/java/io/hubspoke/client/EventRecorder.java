package io.hubspoke.client;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.vertx.core.Future;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes down what happens to objects, for people to read by {@code kubectl describe}.
 *
 * <p>An event that comes again is counted up instead of written anew. Recording never fails its
 * caller: what cannot be written is dropped, and so is what comes while too much is under way.
 * Thread-safe.
 */
public final class EventRecorder {
  private static final Logger LOG = LoggerFactory.getLogger(EventRecorder.class);
  private static final int MOST_IN_FLIGHT = 256;
  private static final int MOST_REMEMBERED = 4096;

  /**
   * What an event is about; the namespace is empty for cluster-scoped objects.
   *
   * @param resourceVersion the state it is about; empty for none in particular
   * @param fieldPath a part of it, such as {@code spec.containers{web}}; empty for the whole
   */
  public record Regarding(
      String apiVersion,
      String kind,
      String namespace,
      String name,
      String uid,
      String resourceVersion,
      String fieldPath) {

    /** Names a whole object. */
    public Regarding(String apiVersion, String kind, String namespace, String name, String uid) {
      this(apiVersion, kind, namespace, name, uid, "", "");
    }

    /** Names a part of the object. */
    public Regarding field(String path) {
      return new Regarding(apiVersion, kind, namespace, name, uid, resourceVersion, path);
    }

    /** Events are the same whatever state of the object they are about. */
    private Regarding anyState() {
      return new Regarding(apiVersion, kind, namespace, name, uid, "", fieldPath);
    }

    /** Names an object that was read from the API. */
    public static Regarding of(HasMetadata object) {
      var metadata = object.getMetadata();
      return new Regarding(
          object.getApiVersion(),
          object.getKind(),
          metadata.getNamespace() == null ? "" : metadata.getNamespace(),
          metadata.getName(),
          metadata.getUid() == null ? "" : metadata.getUid(),
          metadata.getResourceVersion() == null ? "" : metadata.getResourceVersion(),
          "");
    }

    /** Events about cluster-scoped objects lie in namespace default. */
    private String eventNamespace() {
      return namespace.isEmpty() ? "default" : namespace;
    }
  }

  private record Same(Regarding regarding, String type, String reason, String message) {}

  private record Written(String name, AtomicInteger count) {}

  private final ApiClient client;
  private final String component;
  private final String host;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final AtomicLong last = new AtomicLong(System.currentTimeMillis() * 1_000_000);
  private final Map<Same, Written> written =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Same, Written> eldest) {
          return size() > MOST_REMEMBERED;
        }
      };

  /**
   * Makes a recorder for one component.
   *
   * @param component such as {@code default-scheduler}
   * @param host the node it speaks for; empty for none
   */
  public EventRecorder(ApiClient client, String component, String host) {
    this.client = client;
    this.component = component;
    this.host = host;
  }

  /** Records that all is well. */
  public void normal(Regarding regarding, String reason, String message) {
    record(regarding, new Same(regarding.anyState(), "Normal", reason, message));
  }

  /** Records that something is wrong. */
  public void warning(Regarding regarding, String reason, String message) {
    record(regarding, new Same(regarding.anyState(), "Warning", reason, message));
  }

  private void record(Regarding regarding, Same event) {
    if (inFlight.incrementAndGet() > MOST_IN_FLIGHT) {
      inFlight.decrementAndGet();
      return;
    }
    Written before;
    synchronized (written) {
      before = written.get(event);
    }
    (before == null ? create(regarding, event) : countUp(regarding, event, before))
        .onComplete(
            done -> {
              inFlight.decrementAndGet();
              if (done.failed()) {
                LOG.debug("event {} was dropped: {}", event.reason, done.cause().getMessage());
              }
            });
  }

  private Future<ObjectNode> create(Regarding regarding, Same event) {
    var name = event.regarding.name + "." + Long.toHexString(last.incrementAndGet());
    synchronized (written) {
      written.put(event, new Written(name, new AtomicInteger(1)));
    }
    return client
        .create(
            Resource.EVENTS.tree(), event.regarding.eventNamespace(), json(regarding, event, name))
        .onFailure(
            failure -> {
              synchronized (written) {
                written.remove(event);
              }
            });
  }

  private Future<ObjectNode> countUp(Regarding regarding, Same event, Written before) {
    var patch =
        Json.object().put("count", before.count.incrementAndGet()).put("lastTimestamp", now());
    return client
        .patch(
            Resource.EVENTS.tree(),
            event.regarding.eventNamespace(),
            before.name,
            PatchType.MERGE,
            patch)
        .recover(
            failure ->
                // Events expire; then it is written anew.
                failure instanceof ApiException refused && refused.code() == 404
                    ? create(regarding, event)
                    : Future.failedFuture(failure));
  }

  private ObjectNode json(Regarding regarding, Same event, String name) {
    var now = now();
    var json = Json.object().put("apiVersion", "v1").put("kind", "Event");
    json.putObject("metadata").put("name", name).put("namespace", regarding.eventNamespace());
    var involved =
        json.putObject("involvedObject")
            .put("apiVersion", regarding.apiVersion)
            .put("kind", regarding.kind)
            .put("name", regarding.name)
            .put("uid", regarding.uid);
    if (!regarding.namespace.isEmpty()) {
      involved.put("namespace", regarding.namespace);
    }
    if (!regarding.resourceVersion.isEmpty()) {
      involved.put("resourceVersion", regarding.resourceVersion);
    }
    if (!regarding.fieldPath.isEmpty()) {
      involved.put("fieldPath", regarding.fieldPath);
    }
    json.put("type", event.type).put("reason", event.reason).put("message", event.message);
    json.put("count", 1).put("firstTimestamp", now).put("lastTimestamp", now);
    json.putNull("eventTime");
    var source = json.putObject("source").put("component", component);
    if (!host.isEmpty()) {
      source.put("host", host);
    }
    json.put("reportingComponent", component).put("reportingInstance", host);
    return json;
  }

  private static String now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
