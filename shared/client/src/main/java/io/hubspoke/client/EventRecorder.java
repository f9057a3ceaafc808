package io.hubspoke.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.vertx.core.Future;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes down what happens to objects, for people to read by {@code kubectl describe}.
 *
 * <p>An event that comes again is counted up instead of written anew. A few are written at a time,
 * since what is told of the work must not hold up the work itself; the others wait their turn.
 * Recording never fails its caller: what cannot be written is dropped, and so is what comes while
 * too many wait. Thread-safe.
 */
public final class EventRecorder {
  private static final Logger LOG = LoggerFactory.getLogger(EventRecorder.class);

  /** client-go writes one at a time, which a scheduler of hundreds of pods a second outruns. */
  private static final int MOST_IN_FLIGHT = 4;

  /** As many as client-go's broadcaster holds before it drops the next. */
  private static final int MOST_WAITING = 1000;

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

  private record Same(Regarding regarding, String type, String reason, String message) {
    UUID digest() {
      try {
        var all = MessageDigest.getInstance("SHA-256").digest(toString().getBytes(UTF_8));
        var first = ByteBuffer.wrap(all);
        return new UUID(first.getLong(), first.getLong());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static final class Written {
    private final long number;
    private int count = 1;

    Written(long number) {
      this.number = number;
    }
  }

  private record Happened(Regarding regarding, Same event, UUID id, String when) {
    Happened(Regarding regarding, Same event) {
      this(regarding, event, event.digest(), now());
    }

    String name(long number) {
      return regarding.name + "." + Long.toHexString(number);
    }
  }

  private final ApiClient client;
  private final String component;
  private final String host;
  private final AtomicLong last = new AtomicLong(System.currentTimeMillis() * 1_000_000);

  // By digests: a thousand nodes remember a hundred thousand pods' events.
  private final Map<UUID, Written> written =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<UUID, Written> eldest) {
          return size() > MOST_REMEMBERED;
        }
      };

  private final Queue<Happened> waiting = new ArrayDeque<>(4);
  private int inFlight;

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
    var happened = new Happened(regarding, event);
    synchronized (waiting) {
      if (inFlight == MOST_IN_FLIGHT) {
        if (waiting.size() < MOST_WAITING) {
          waiting.add(happened);
        } else {
          LOG.debug("event {} was dropped: too many wait", event.reason);
        }
        return;
      }
      inFlight++;
    }
    write(happened);
  }

  private void write(Happened happened) {
    Written before;
    synchronized (written) {
      before = written.get(happened.id);
    }
    (before == null ? create(happened) : countUp(happened, before))
        .onComplete(
            done -> {
              if (done.failed()) {
                LOG.debug(
                    "event {} was dropped: {}", happened.event.reason, done.cause().getMessage());
              }
              writeNext();
            });
  }

  private void writeNext() {
    Happened next;
    synchronized (waiting) {
      next = waiting.poll();
      if (next == null) {
        inFlight--;
      }
    }
    if (next != null) {
      write(next);
    }
  }

  private Future<ObjectNode> create(Happened happened) {
    var event = happened.event;
    var number = last.incrementAndGet();
    synchronized (written) {
      written.put(happened.id, new Written(number));
    }
    return client
        .create(Resource.EVENTS.tree(), event.regarding.eventNamespace(), json(happened, number))
        .onFailure(
            failure -> {
              synchronized (written) {
                written.remove(happened.id);
              }
            });
  }

  private Future<ObjectNode> countUp(Happened happened, Written before) {
    int count;
    synchronized (written) {
      count = ++before.count;
    }
    var patch = Json.object().put("count", count).put("lastTimestamp", happened.when);
    return client
        .patch(
            Resource.EVENTS.tree(),
            happened.event.regarding.eventNamespace(),
            happened.name(before.number),
            PatchType.MERGE,
            patch)
        .recover(
            failure ->
                // Events expire; then it is written anew.
                failure instanceof ApiException refused && refused.code() == 404
                    ? create(happened)
                    : Future.failedFuture(failure));
  }

  private ObjectNode json(Happened happened, long number) {
    var regarding = happened.regarding;
    var event = happened.event;
    var now = happened.when;
    var json = Json.object().put("apiVersion", "v1").put("kind", "Event");
    json.putObject("metadata")
        .put("name", happened.name(number))
        .put("namespace", regarding.eventNamespace());
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
