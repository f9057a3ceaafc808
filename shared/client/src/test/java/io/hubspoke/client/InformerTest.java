package io.hubspoke.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InformerTest {
  private static final Resource<ObjectNode> THINGS =
      Resource.namespaced("", "v1", "things", ObjectNode.class);

  private final Vertx vertx = Component.vertx();
  private final AtomicReference<String> list =
      new AtomicReference<>(list("10", thing("a", "u1", 5)));
  private final BlockingQueue<HttpServerRequest> watches = new LinkedBlockingQueue<>();
  private final List<String> seen = new CopyOnWriteArrayList<>();
  private FakeServer server;
  private Informer<ObjectNode> informer;

  @BeforeEach
  void start() throws Exception {
    server =
        new FakeServer(vertx)
            .start(
                r -> {
                  if (r.getParam("watch") == null) {
                    r.response().end(list.get());
                  } else {
                    watches.add(r);
                  }
                });
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    informer =
        new Informer<>(client, THINGS, ListOptions.ALL, vertx.getOrCreateContext())
            .addHandler(
                new Informer.Handler<>() {
                  @Override
                  public void added(Item<ObjectNode> item) {
                    seen.add("+" + item.key() + "@" + item.resourceVersion());
                  }

                  @Override
                  public void updated(Item<ObjectNode> before, Item<ObjectNode> now) {
                    seen.add(
                        "~"
                            + now.key()
                            + "@"
                            + before.resourceVersion()
                            + ">"
                            + now.resourceVersion());
                  }

                  @Override
                  public void deleted(Item<ObjectNode> last) {
                    seen.add("-" + last.key());
                  }
                });
    Await.result(informer.start());
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private static String thing(String name, String uid, int revision) {
    return "{\"metadata\":{\"name\":\"%s\",\"uid\":\"%s\",\"resourceVersion\":\"%d\"}}"
        .formatted(name, uid, revision);
  }

  private static String list(String revision, String... things) {
    return "{\"metadata\":{\"resourceVersion\":\"%s\"},\"items\":[%s]}"
        .formatted(revision, String.join(",", things));
  }

  private static String event(String type, String object) {
    return "{\"type\":\"" + type + "\",\"object\":" + object + "}\n";
  }

  private HttpServerRequest nextWatch() throws Exception {
    HttpServerRequest request = watches.poll(20, TimeUnit.SECONDS);
    assertThat(request).as("a watch").isNotNull();
    request.response().setChunked(true);
    return request;
  }

  private void expect(String... events) throws Exception {
    Await.until("events " + List.of(events), () -> List.copyOf(seen), List.of(events)::equals);
  }

  @Test
  void it_is_synced_when_the_first_list_was_delivered() {
    assertThat(seen).containsExactly("+a@5");
    assertThat(informer.get("", "a")).isNotNull();
    assertThat(informer.hasSynced().isComplete()).isTrue();
  }

  @Test
  void changes_come_in_order_even_when_lines_are_cut_anywhere() throws Exception {
    HttpServerRequest watch = nextWatch();
    assertThat(watch.getParam("resourceVersion")).isEqualTo("10");
    assertThat(watch.getParam("allowWatchBookmarks")).isEqualTo("true");
    String lines =
        event("ADDED", thing("b", "u2", 11))
            + event("MODIFIED", thing("a", "u1", 12))
            + event("DELETED", thing("b", "u2", 13));
    watch.response().write(lines.substring(0, 70));
    watch.response().write(lines.substring(70, 71));
    watch.response().write(lines.substring(71));

    expect("+a@5", "+b@11", "~a@5>12", "-b");
    assertThat(informer.items()).extracting(i -> i.key().name()).containsExactly("a");
  }

  @Test
  void a_broken_watch_resumes_after_the_last_revision_seen() throws Exception {
    HttpServerRequest first = nextWatch();
    first.response().write(event("MODIFIED", thing("a", "u1", 12)));
    expect("+a@5", "~a@5>12");
    first.connection().close();

    HttpServerRequest second = nextWatch();
    assertThat(second.getParam("resourceVersion")).isEqualTo("12");
    second.response().write(event("BOOKMARK", thing("", "", 40)));
    second.response().end();

    assertThat(nextWatch().getParam("resourceVersion")).isEqualTo("40");
    assertThat(seen).containsExactly("+a@5", "~a@5>12");
  }

  @Test
  void a_revision_that_is_gone_is_listed_anew_and_the_difference_told() throws Exception {
    HttpServerRequest first = nextWatch();
    list.set(list("50", thing("c", "u3", 44)));
    first
        .response()
        .end(
            event(
                "ERROR",
                "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\",\"message\":\"old\"}"));

    expect("+a@5", "-a", "+c@44");
    assertThat(nextWatch().getParam("resourceVersion")).isEqualTo("50");
  }

  @Test
  void a_refused_watch_with_410_lists_anew_too() throws Exception {
    list.set(list("50", thing("a", "other", 44)));
    HttpServerResponse refused = nextWatch().response().setStatusCode(410);
    refused.end("{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}");

    expect("+a@5", "-a", "+a@44");
  }

  @Test
  void garbage_in_a_watch_breaks_it_and_nothing_else() throws Exception {
    nextWatch().response().write("this is no event\n");
    HttpServerRequest second = nextWatch();
    second.response().write("{\"type\":\"NEWS\",\"object\":{}}\n");
    HttpServerRequest third = nextWatch();
    third.response().write(event("ADDED", thing("b", "u2", 11)));

    expect("+a@5", "+b@11");
  }

  @Test
  void a_line_without_end_breaks_the_watch_instead_of_filling_memory() throws Exception {
    HttpServerRequest watch = nextWatch();
    Buffer chunk = Buffer.buffer("x".repeat(1 << 20));
    for (int i = 0; i < 9; i++) {
      watch.response().write(chunk);
    }
    assertThat(nextWatch().getParam("resourceVersion")).isEqualTo("10");
  }

  @Test
  void a_handler_that_is_slow_holds_the_server_back() throws Exception {
    HttpServerRequest watch = nextWatch();
    var gate = new java.util.concurrent.CountDownLatch(1);
    var slow =
        new Informer<>(
            new ApiClient(vertx, server.config(new Credentials.None())),
            THINGS,
            ListOptions.ALL,
            ((io.vertx.core.internal.VertxInternal) vertx).createVirtualThreadContext());
    slow.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<ObjectNode> item) {
            if (item.key().name().startsWith("big")) {
              try {
                gate.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }
          }

          @Override
          public void updated(Item<ObjectNode> before, Item<ObjectNode> now) {}

          @Override
          public void deleted(Item<ObjectNode> last) {}
        });
    Await.result(slow.start());
    HttpServerResponse response = nextWatch().response();
    watch.response().end();

    String padding = "y".repeat(100_000);
    int sent = 0;
    boolean taken = true;
    while (taken && sent < 200) {
      String object =
          "{\"metadata\":{\"name\":\"big%d\",\"uid\":\"u\",\"resourceVersion\":\"%d\"},\"x\":\"%s\"}"
              .formatted(sent, 100 + sent, padding);
      var written = response.write(event("ADDED", object));
      try {
        written.await(500, TimeUnit.MILLISECONDS);
        sent++;
      } catch (java.util.concurrent.TimeoutException e) {
        taken = false;
      }
    }
    gate.countDown();
    assertThat(sent).as("events taken while the handler stood still").isLessThan(50);
  }

  @Test
  void after_stop_nothing_is_delivered() throws Exception {
    HttpServerRequest watch = nextWatch();
    Await.result(informer.stop());
    watch.response().write(event("ADDED", thing("b", "u2", 11)));
    watch.response().end();

    assertThat(watches.poll(1, TimeUnit.SECONDS)).isNull();
    assertThat(seen).containsExactly("+a@5");
  }

  private static final String BAD_POD =
      """
      {"metadata":{"name":"bad","namespace":"ns","uid":"u9","resourceVersion":"%d"},\
      "spec":{"containers":"not a list"}}""";

  private Informer<Pod> pods(List<String> news) {
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    return new Informer<>(client, Resource.PODS, ListOptions.ALL, vertx.getOrCreateContext())
        .addHandler(
            new Informer.Handler<>() {
              @Override
              public void added(Item<Pod> item) {
                news.add("+" + item.key());
              }

              @Override
              public void updated(Item<Pod> before, Item<Pod> now) {
                news.add("~" + now.key());
              }

              @Override
              public void deleted(Item<Pod> last) {
                news.add("-" + last.key());
              }
            });
  }

  @Test
  void an_object_that_cannot_be_read_keeps_back_no_other_in_a_list() throws Exception {
    nextWatch();
    list.set(list("20", BAD_POD.formatted(18), thing("good", "u2", 19)));
    List<String> news = new CopyOnWriteArrayList<>();
    var pods = pods(news);

    Await.result(pods.start());
    assertThat(news).containsExactly("+good");
    assertThat(pods.get("ns", "bad")).isNull();
  }

  @Test
  void an_object_that_cannot_be_read_keeps_back_no_other_in_a_watch() throws Exception {
    nextWatch();
    List<String> news = new CopyOnWriteArrayList<>();
    var pods = pods(news);
    Await.result(pods.start());
    HttpServerRequest watch = nextWatch();
    watch.response().write(event("ADDED", BAD_POD.formatted(11)));
    watch.response().write(event("ADDED", thing("b", "u2", 12)));
    watch.response().write(event("MODIFIED", BAD_POD.formatted(13)));

    Await.until("the other", () -> news, List.of("+a", "+b")::equals);
    watch.response().end();
    assertThat(nextWatch().getParam("resourceVersion")).isEqualTo("13");
  }

  @Test
  void a_known_object_that_cannot_be_read_any_more_counts_as_gone_until_it_can() throws Exception {
    nextWatch();
    String good = thing("bad", "u9", 10).replace("\"uid\"", "\"namespace\":\"ns\",\"uid\"");
    list.set(list("10", good));
    List<String> news = new CopyOnWriteArrayList<>();
    var pods = pods(news);
    Await.result(pods.start());
    HttpServerRequest watch = nextWatch();
    watch.response().write(event("MODIFIED", BAD_POD.formatted(11)));
    Await.until("it is gone", () -> news, List.of("+ns/bad", "-ns/bad")::equals);
    assertThat(pods.items()).isEmpty();

    watch.response().write(event("MODIFIED", good.replace("\"10\"", "\"12\"")));
    Await.until("it is back", () -> news, List.of("+ns/bad", "-ns/bad", "+ns/bad")::equals);
  }

  @Test
  void a_handler_that_fails_badly_stops_neither_the_others_nor_the_watch() throws Exception {
    nextWatch();
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    List<String> news = new CopyOnWriteArrayList<>();
    var broken =
        new Informer<>(client, THINGS, ListOptions.ALL, vertx.getOrCreateContext())
            .addHandler(handler(item -> badly(item.key().name())))
            .addHandler(handler(item -> news.add(item.key().name())));
    Await.result(broken.start());
    HttpServerRequest watch = nextWatch();
    watch.response().write(event("ADDED", thing("b", "u2", 11)));
    Await.until("the first batch", () -> news, List.of("a", "b")::equals);
    watch.response().write(event("ADDED", thing("c", "u3", 12)));
    Await.until("the next batch", () -> news, List.of("a", "b", "c")::equals);
  }

  private static void badly(String name) {
    throw new StackOverflowError(name);
  }

  private static Informer.Handler<ObjectNode> handler(Consumer<Item<ObjectNode>> added) {
    return new Informer.Handler<>() {
      @Override
      public void added(Item<ObjectNode> item) {
        added.accept(item);
      }

      @Override
      public void updated(Item<ObjectNode> before, Item<ObjectNode> now) {}

      @Override
      public void deleted(Item<ObjectNode> last) {}
    };
  }
}
