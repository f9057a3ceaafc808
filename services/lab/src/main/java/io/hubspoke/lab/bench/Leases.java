package io.hubspoke.lab.bench;

import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.runtime.Component;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.Locale;

/**
 * The leases that are renewed, one by each connection. An update of a lease must name the version
 * that it is of, so each holder remembers what its last renewal was answered.
 */
final class Leases {
  static final String COLLECTION =
      "/apis/coordination.k8s.io/v1/namespaces/" + BenchObjects.NAMESPACE + "/leases";

  /** As Kubernetes writes a MicroTime, with all six digits. */
  private static final DateTimeFormatter MICRO_TIME =
      new DateTimeFormatterBuilder().appendInstant(6).toFormatter(Locale.ROOT);

  private static final byte[] MARK = "\"resourceVersion\":\"".getBytes(StandardCharsets.US_ASCII);

  // By number; touched on the connections' event loop once the load runs.
  private final String[] versions;

  private Leases(int count) {
    versions = new String[count];
  }

  /** Reads which version each lease is of, since an earlier run may have left them. */
  static Leases read(Connections connections, int count) throws Exception {
    Leases leases = new Leases(count);
    for (int i = 0; i < count; i++) {
      Buffer lease = Component.await(get(connections, path(i)));
      leases.versions[i] = Meta.resourceVersion(Json.parseObject(lease.getBytes()));
    }
    return leases;
  }

  private static Future<Buffer> get(Connections connections, String path) {
    return connections.onLoop(
        () ->
            connections
                .send(HttpMethod.GET, path, null)
                .compose(
                    response ->
                        response.statusCode() == 200
                            ? response.body()
                            : Future.failedFuture(
                                new IOException(
                                    "GET " + path + " was answered " + response.statusCode()))));
  }

  static String path(int number) {
    return COLLECTION + "/lease-" + number;
  }

  /** Returns a lease as its holder renews it now. */
  Buffer renewal(int number) {
    return lease(number, versions[number]);
  }

  /** Remembers the version that a renewal made. */
  void seen(int number, Buffer lease) {
    versions[number] = version(lease.getBytes(), versions[number]);
  }

  /** Returns a lease held now; of no version when that is empty, to be created. */
  static Buffer lease(int number, String version) {
    return Buffer.buffer(
        ("{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\",\"metadata\":"
                + "{\"name\":\"lease-%d\"%s},\"spec\":{\"holderIdentity\":\"holder-%d\","
                + "\"leaseDurationSeconds\":40,\"renewTime\":\"%s\"}}")
            .formatted(
                number,
                version.isEmpty() ? "" : ",\"resourceVersion\":\"" + version + "\"",
                number,
                MICRO_TIME.format(Instant.now())));
  }

  /** Finds it without making a tree: the load shares the processors with the server. */
  private static String version(byte[] json, String otherwise) {
    for (int at = 0; at + MARK.length < json.length; at++) {
      if (java.util.Arrays.equals(json, at, at + MARK.length, MARK, 0, MARK.length)) {
        int from = at + MARK.length;
        int to = from;
        while (to < json.length && json[to] != '"') {
          to++;
        }
        return new String(json, from, to - from, StandardCharsets.US_ASCII);
      }
    }
    return otherwise;
  }
}
