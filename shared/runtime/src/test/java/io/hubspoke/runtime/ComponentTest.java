package io.hubspoke.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class ComponentTest {
  @Test
  void whatIsStoppingStillHasItsClients() throws Exception {
    var vertx = Component.vertx();
    var client = vertx.createHttpClient();
    var answered = new AtomicInteger();
    var server =
        Component.await(
            vertx
                .createHttpServer()
                .requestHandler(request -> request.response().setStatusCode(204).end())
                .listen(0, "127.0.0.1"));
    var asking =
        new VerticleBase() {
          @Override
          public Future<?> stop() {
            return client
                .request(HttpMethod.GET, server.actualPort(), "127.0.0.1", "/")
                .compose(request -> request.send())
                .onSuccess(response -> answered.set(response.statusCode()));
          }
        };

    Component.await(Component.stop(vertx, Component.await(vertx.deployVerticle(asking))));

    assertThat(answered.get()).isEqualTo(204);
  }

  @Test
  void whatIsToBeDoneAtTheEndIsDoneBeforeTheProcessEnds(@TempDir Path dir) throws Exception {
    var file = Files.createFile(dir.resolve("temporary"));
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Deleting.class.getName(),
                file.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var said = process.inputReader()) {
      assertThat(said.readLine()).isEqualTo("waits");
      process.destroy();

      assertThat(process.waitFor()).isZero();
      assertThat(file).doesNotExist();
    } finally {
      process.destroyForcibly();
    }
  }

  /** A component that takes a while to tidy up after itself. */
  static final class Deleting {
    private Deleting() {}

    public static void main(String[] args) {
      Component.atEnd(() -> delete(Path.of(args[0])));
      var main = Thread.currentThread();
      Thread.ofPlatform().daemon().start(() -> tellOfWaiting(main));
      Component.awaitSignal(Future::succeededFuture, System.err);
    }

    private static void tellOfWaiting(Thread main) {
      while (main.getState() != Thread.State.WAITING) {
        LockSupport.parkNanos(1_000_000);
      }
      System.out.println("waits");
    }

    private static void delete(Path file) {
      LockSupport.parkNanos(200_000_000);
      try {
        Files.delete(file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
