package io.hubspoke.lab.bench;

import io.hubspoke.runtime.Component;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.List;
import java.util.Locale;

/** What the loads ask for, in namespaces of their own. */
final class BenchObjects {
  static final String NAMESPACE = "hubspoke-bench";
  static final String MAPS = maps(NAMESPACE);
  static final String MAP = MAPS + "/asked-for";
  static final String LISTED = maps(NAMESPACE + "-list");
  static final String WATCHED = maps(NAMESPACE + "-watch");
  static final Buffer GENERATED = map("\"generateName\":\"posted-\"", "small");

  /** As Kubernetes writes a MicroTime, with all six digits. */
  private static final DateTimeFormatter MICRO_TIME =
      new DateTimeFormatterBuilder().appendInstant(6).toFormatter(Locale.ROOT);

  private static final String LEASES =
      "/apis/coordination.k8s.io/v1/namespaces/" + NAMESPACE + "/leases";

  private final Connections connections;

  BenchObjects(Connections connections) {
    this.connections = connections;
  }

  /** Makes those that are not there yet. */
  void make(int leases, int listed) throws Exception {
    for (String namespace : List.of(NAMESPACE, NAMESPACE + "-list", NAMESPACE + "-watch")) {
      create(
          "/api/v1/namespaces",
          Buffer.buffer(
              "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\""
                  + namespace
                  + "\"}}"));
    }
    create(MAPS, map("\"name\":\"asked-for\"", "small"));
    create(WATCHED, map("\"name\":\"watched\"", "small"));
    String text = "0123456789abcdef".repeat(64);
    for (int i = 0; i < listed; i++) {
      create(LISTED, map("\"name\":\"listed-%03d\"".formatted(i), text));
    }
    for (int i = 0; i < leases; i++) {
      create(LEASES, lease(i));
    }
  }

  static String leasePath(int number) {
    return LEASES + "/lease-" + number;
  }

  /** Returns a lease as its holder renews it now. */
  static Buffer lease(int number) {
    return Buffer.buffer(
        ("{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":"
                + "{\"name\":\"lease-%d\"},\"spec\":{\"holderIdentity\":\"holder-%d\","
                + "\"leaseDurationSeconds\":40,\"renewTime\":\"%s\"}}")
            .formatted(number, number, MICRO_TIME.format(Instant.now())));
  }

  private static String maps(String namespace) {
    return "/api/v1/namespaces/" + namespace + "/configmaps";
  }

  private static Buffer map(String name, String text) {
    return Buffer.buffer(
        "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{%s},\"data\":{\"text\":\"%s\"}}"
            .formatted(name, text));
  }

  private void create(String collection, Buffer object) throws Exception {
    int status = Component.await(connections.ask(HttpMethod.POST, collection, object));
    if (status != 201 && status != 409) {
      throw new IOException("POST " + collection + " was answered " + status);
    }
  }
}
