package io.hubspoke.lab.bench;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.parsetools.RecordParser;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One writer before many watchers, each on a connection of its own: how long a write takes with
 * them looking, and how long after its sending each has heard of it.
 */
public final class FanOut {
  private static final byte[] MARK = "\"sent\":\"".getBytes(StandardCharsets.UTF_8);
  private static final Duration LONGEST_DRAIN = Duration.ofSeconds(30);

  private static final int HANDSHAKES = 25;

  private final Connections connections;
  private final String collection;
  private final int watchers;
  private final List<HttpClientResponse> opened = new ArrayList<>();
  private final Promise<Void> finished = Promise.promise();
  private final Latencies delays = new Latencies();
  private final Latencies writes = new Latencies();
  private long failed;
  private long began = Long.MAX_VALUE;
  private long deadline;

  /** What the writer saw, and what the watchers saw. */
  public record Result(Measurement writes, Measurement events) {}

  /**
   * @param collection path of the config maps that are watched, in which {@code watched} is written
   */
  public FanOut(Connections connections, String collection, int watchers) {
    this.connections = connections;
    this.collection = collection;
    this.watchers = watchers;
  }

  /** Opens the watches, writes for a time, and waits until every watcher has heard of it all. */
  public Future<Result> run(Duration time, ServerProcess server) {
    Promise<Result> result = Promise.promise();
    connections.loop().runOnContext(v -> begin(time, server).onComplete(result));
    return result.future();
  }

  private Future<Result> begin(Duration time, ServerProcess server) {
    return open().compose(all -> measure(time, server)).eventually(this::close);
  }

  /** Opens the watches, some at a time, since a handshake may only take so long. */
  private Future<Void> open() {
    var batch = new ArrayList<Future<HttpClientResponse>>();
    for (int i = opened.size(); i < watchers && batch.size() < HANDSHAKES; i++) {
      batch.add(watch());
    }
    return Future.all(batch)
        .compose(
            all -> {
              opened.addAll(all.list());
              return opened.size() == watchers ? Future.succeededFuture() : open();
            });
  }

  private Future<HttpClientResponse> watch() {
    return connections
        .send(HttpMethod.GET, collection + "?watch=true&resourceVersion=0", null)
        .compose(
            response -> {
              if (response.statusCode() != 200) {
                return Future.failedFuture("a watch was answered " + response.statusCode());
              }
              response.exceptionHandler(gone -> {});
              RecordParser.newDelimited("\n", response).handler(this::hear);
              return Future.succeededFuture(response);
            });
  }

  private Future<Void> close() {
    return Future.join(opened.stream().map(watch -> watch.request().connection().close()).toList())
        .<Void>mapEmpty()
        .otherwiseEmpty();
  }

  private Future<Result> measure(Duration time, ServerProcess server) {
    double cpu = server == null ? 0 : server.cpuSeconds();
    began = System.nanoTime();
    deadline = began + time.toNanos();
    write();
    return finished
        .future()
        .map(
            v -> {
              double seconds = (System.nanoTime() - began) / 1e9;
              var cost = server == null ? null : server.since(cpu);
              String of = watchers == 1 ? "1 watcher" : watchers + " watchers";
              return new Result(
                  new Measurement("PUT before " + of, failed, time.toNanos() / 1e9, writes, cost),
                  new Measurement("events to " + of, missing(), seconds, delays, cost));
            });
  }

  private void write() {
    long sent = System.nanoTime();
    if (sent - deadline >= 0) {
      deadline = sent + LONGEST_DRAIN.toNanos();
      drain();
      return;
    }
    Buffer body =
        Buffer.buffer(
            "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"watched\"},"
                + "\"data\":{\"sent\":\"%020d\"}}".formatted(sent));
    connections
        .exchange(HttpMethod.PUT, collection + "/watched", body)
        .onComplete(
            answer -> {
              if (answer.succeeded() && answer.result() < 300) {
                writes.add(System.nanoTime() - sent);
              } else {
                failed++;
              }
              write();
            });
  }

  /** Ends when everybody has heard everything, or it is clear that somebody never will. */
  private void drain() {
    if (missing() <= 0 || System.nanoTime() - deadline >= 0) {
      finished.tryComplete();
    } else {
      connections.loop().owner().setTimer(1, id -> drain());
    }
  }

  private long missing() {
    return (long) writes.count() * watchers - delays.count();
  }

  private void hear(Buffer line) {
    long sent = sentIn(line.getBytes());
    // Before the first write a watch begins with what an earlier run may have left.
    if (sent >= began) {
      delays.add(System.nanoTime() - sent);
    }
  }

  /** Returns when the write was sent that an event is of; 0 for the object as it was before. */
  private static long sentIn(byte[] event) {
    for (int at = event.length - MARK.length - 20; at >= 0; at--) {
      if (Arrays.equals(event, at, at + MARK.length, MARK, 0, MARK.length)) {
        return number(event, at + MARK.length);
      }
    }
    return 0;
  }

  private static long number(byte[] bytes, int from) {
    long number = 0;
    for (int i = from; i < from + 20; i++) {
      number = number * 10 + (bytes[i] - '0');
    }
    return number;
  }
}
