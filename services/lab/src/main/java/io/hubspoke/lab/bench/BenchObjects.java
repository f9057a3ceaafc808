package io.hubspoke.lab.bench;

import io.hubspoke.runtime.Component;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.util.List;

/** What the loads ask for, in namespaces of their own. */
final class BenchObjects {
  static final String NAMESPACE = "hubspoke-bench";
  static final String MAPS = maps(NAMESPACE);
  static final String MAP = MAPS + "/asked-for";
  static final String LISTED = maps(NAMESPACE + "-list");
  static final String WATCHED = maps(NAMESPACE + "-watch");
  static final Buffer GENERATED = map("\"generateName\":\"posted-\"", "small");

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
      create(Leases.COLLECTION, Leases.lease(i, ""));
    }
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
