package io.hubspoke.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TypeIntrospectionTest {
  private static final String ANSWER =
      "{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"1\"},\"items\":[{\"metadata\":{\"name\":\"b\"}}]}";

  private final Vertx vertx = Component.vertx();

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  /** Remembers which thread made the first. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  static class Seen {
    Seen(AtomicReference<Thread> first) {
      first.compareAndSet(null, Thread.currentThread());
    }
  }

  /** To be got. */
  public static final class Got extends Seen {
    static final AtomicReference<Thread> FIRST = new AtomicReference<>();

    public Got() {
      super(FIRST);
    }
  }

  /** To be listed. */
  public static final class Listed extends Seen {
    static final AtomicReference<Thread> FIRST = new AtomicReference<>();

    public Listed() {
      super(FIRST);
    }
  }

  /** To be watched. */
  public static final class Watched extends Seen {
    static final AtomicReference<Thread> FIRST = new AtomicReference<>();

    public Watched() {
      super(FIRST);
    }
  }

  @Test
  void noEventLoopIsTheFirstToConvertToAType() throws Exception {
    var server = new FakeServer(vertx).start(TypeIntrospectionTest::answer);
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    Context context = vertx.getOrCreateContext();

    on(context, () -> client.get(resource(Got.class), "", "a"));
    on(context, () -> client.list(resource(Listed.class), ListOptions.ALL));
    on(
        context,
        () ->
            client.watch(
                resource(Watched.class), ListOptions.ALL, "1", e -> Future.succeededFuture()));

    assertThat(Got.FIRST.get().isVirtual()).isTrue();
    assertThat(Listed.FIRST.get().isVirtual()).isTrue();
    assertThat(Watched.FIRST.get().isVirtual()).isTrue();
  }

  /** Asks on a context, and sees that it is told there. */
  private static <T> void on(Context context, Supplier<Future<T>> asks) throws Exception {
    Promise<Context> told = Promise.promise();
    context.runOnContext(
        v ->
            asks.get()
                .onComplete(
                    done -> {
                      if (done.succeeded()) {
                        told.complete(Vertx.currentContext());
                      } else {
                        told.fail(done.cause());
                      }
                    }));
    assertThat(Await.result(told.future())).isSameAs(context);
  }

  private static <T> Resource<T> resource(Class<T> type) {
    return Resource.cluster("", "v1", "things", type);
  }

  private static void answer(HttpServerRequest request) {
    request.response().putHeader("Content-Type", "application/json");
    if (request.getParam("watch") == null) {
      request.response().end(ANSWER);
    } else {
      request.response().setChunked(true).writeHead();
    }
  }
}
