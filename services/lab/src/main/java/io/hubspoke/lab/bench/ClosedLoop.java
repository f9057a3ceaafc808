package io.hubspoke.lab.bench;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.util.function.IntFunction;

/**
 * A load in a closed loop, as {@code hey} makes it: each connection sends its next request when the
 * last one is answered, so a slow server is asked less. Runs on the connections' event loop.
 */
public final class ClosedLoop {
  /**
   * What is asked again and again.
   *
   * @param path of the n-th connection
   * @param body of the n-th connection, made anew for each request; null for none
   * @param heard takes the n-th connection's answers that were as expected; null when what they
   *     contain doesn't matter
   */
  public record Load(
      String what,
      HttpMethod method,
      IntFunction<String> path,
      IntFunction<Buffer> body,
      int expected,
      Heard heard) {}

  /** Takes an answer, on the event loop. */
  @FunctionalInterface
  public interface Heard {
    void answer(int connection, Buffer body);
  }

  private final Connections connections;
  private final Load load;
  private final Promise<Void> finished = Promise.promise();
  private final Latencies times = new Latencies();
  private long failed;
  private int running;
  private long end;

  private ClosedLoop(Connections connections, Load load) {
    this.connections = connections;
    this.load = load;
  }

  /**
   * Runs a load for a time.
   *
   * @param server whose cost is taken; null when it is not on this machine
   */
  public static Future<Measurement> run(
      Connections connections, Load load, int parallel, Duration time, ServerProcess server) {
    return new ClosedLoop(connections, load).run(parallel, time, server);
  }

  private Future<Measurement> run(int parallel, Duration time, ServerProcess server) {
    double cpu = server == null ? 0 : server.cpuSeconds();
    long began = System.nanoTime();
    connections
        .loop()
        .runOnContext(
            v -> {
              end = System.nanoTime() + time.toNanos();
              running = parallel;
              for (int i = 0; i < parallel; i++) {
                next(i);
              }
            });
    return finished
        .future()
        .map(
            v ->
                new Measurement(
                    load.what(),
                    failed,
                    (System.nanoTime() - began) / 1e9,
                    times,
                    server == null ? null : server.since(cpu)));
  }

  private void next(int connection) {
    long sent = System.nanoTime();
    if (sent - end >= 0) {
      if (--running == 0) {
        finished.complete();
      }
      return;
    }
    exchange(connection)
        .onComplete(
            answer -> {
              if (answer.succeeded() && answer.result() == load.expected()) {
                times.add(System.nanoTime() - sent);
              } else {
                failed++;
              }
              next(connection);
            });
  }

  private Future<Integer> exchange(int connection) {
    String path = load.path().apply(connection);
    Buffer body = load.body().apply(connection);
    if (load.heard() == null) {
      return connections.exchange(load.method(), path, body);
    }
    return connections
        .send(load.method(), path, body)
        .compose(
            response ->
                response
                    .body()
                    .map(
                        answer -> {
                          if (response.statusCode() == load.expected()) {
                            load.heard().answer(connection, answer);
                          }
                          return response.statusCode();
                        }));
  }
}
