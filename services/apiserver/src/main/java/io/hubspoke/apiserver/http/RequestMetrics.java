package io.hubspoke.apiserver.http;

import io.hubspoke.apiserver.discovery.Subresource;
import io.hubspoke.apiserver.resources.ResourceTable;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Counts and times requests under the real apiserver's metric names. Labels come from the table of
 * resources, never from what a client made up, so that there is a bounded number of series.
 */
public final class RequestMetrics {
  private static final Set<String> VERBS =
      Set.of(
          "get",
          "list",
          "watch",
          "connect",
          "create",
          "update",
          "patch",
          "delete",
          "deletecollection",
          "post",
          "put");

  private record Key(
      String verb, String group, String version, String resource, String subresource, int code) {}

  private record Meters(Counter total, Timer duration) {}

  private final MeterRegistry registry;
  private final Map<Key, Meters> meters = new ConcurrentHashMap<>();

  public RequestMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /**
   * Counts an answer.
   *
   * @param info null when the request could not be read
   * @param began {@link System#nanoTime()} of its arrival
   */
  public void answered(RequestInfo info, int code, long began) {
    Meters of = meters.computeIfAbsent(key(info, code), this::register);
    of.total.increment();
    if (of.duration != null) {
      of.duration.record(System.nanoTime() - began, TimeUnit.NANOSECONDS);
    }
  }

  private static Key key(RequestInfo info, int code) {
    if (info == null) {
      return new Key("other", "", "", "", "", code);
    }
    String verb = VERBS.contains(info.verb()) ? info.verb() : "other";
    if (Subresource.connects(info.subresource())) {
      verb = "connect";
    }
    var type =
        ResourceTable.types().stream()
            .filter(t -> t.plural().equals(info.resource()) && t.group().equals(info.group()))
            .findFirst();
    if (!info.resourceRequest() || type.isEmpty()) {
      return new Key(verb, "", "", "", "", code);
    }
    String subresource =
        type.get().subresources().contains(info.subresource()) ? info.subresource() : "";
    return new Key(
        verb, type.get().group(), type.get().version(), type.get().plural(), subresource, code);
  }

  private Meters register(Key key) {
    Tags tags =
        Tags.of(
            "verb", key.verb.toUpperCase(java.util.Locale.ROOT),
            "group", key.group,
            "version", key.version,
            "resource", key.resource,
            "subresource", key.subresource,
            "component", "apiserver");
    Counter total =
        Counter.builder("apiserver_request_total")
            .description("Requests by verb, resource and answer.")
            .tags(tags.and("code", Integer.toString(key.code)))
            .register(registry);
    // A stream lasts as long as its client wants, which says nothing of the server.
    Timer duration =
        key.verb.equals("watch") || key.verb.equals("connect")
            ? null
            : Timer.builder("apiserver_request_duration_seconds")
                .description("Response latency by verb and resource.")
                .serviceLevelObjectives(
                    Duration.ofMillis(5),
                    Duration.ofMillis(25),
                    Duration.ofMillis(100),
                    Duration.ofMillis(500),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(30))
                .tags(tags)
                .register(registry);
    return new Meters(total, duration);
  }
}
