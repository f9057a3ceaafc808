package io.hubspoke.client.election;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.api.Meta;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.Credentials;
import io.hubspoke.client.FakeServer;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LeaderElectorTest {
  private static final Duration LEASE = Duration.ofSeconds(2);
  private static final LeaderElectionOptions OPTIONS =
      LeaderElectionOptions.of("the-lease")
          .withTimes(LEASE, Duration.ofMillis(1200), Duration.ofMillis(100));

  /** Of a lease that nobody loses over a slow answer. */
  private static final LeaderElectionOptions PATIENT =
      LeaderElectionOptions.of("the-lease")
          .withTimes(Duration.ofMinutes(2), Duration.ofMinutes(1), Duration.ofMillis(100));

  private final Vertx vertx = Component.vertx();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final Set<String> cut = ConcurrentHashMap.newKeySet();
  private final AtomicInteger acting = new AtomicInteger();
  private final AtomicInteger mostActing = new AtomicInteger();
  private FakeServer server;
  private ObjectNode lease;
  private int revision;

  @BeforeEach
  void start() throws Exception {
    server =
        new FakeServer(vertx).start(r -> r.body().onSuccess(body -> answer(r, body.getBytes())));
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  /** Keeps one lease as an apiserver does, and says nothing to who is cut off. */
  private synchronized void answer(HttpServerRequest request, byte[] body) {
    if (cut.contains(request.getHeader("User-Agent"))) {
      return;
    }
    if (!request.path().contains("/leases")) {
      request.response().setStatusCode(201).end("{}");
      return;
    }
    requests.add(request.method().name());
    var sent = body.length == 0 ? null : Json.parseObject(body);
    var code =
        switch (request.method().name()) {
          case "POST" -> lease == null ? 201 : 409;
          case "PUT" ->
              lease == null
                  ? 404
                  : Meta.resourceVersion(lease).equals(Meta.resourceVersion(sent)) ? 200 : 409;
          default -> lease == null ? 404 : 200;
        };
    if (code < 400 && sent != null) {
      lease = sent;
      Meta.of(lease).put("resourceVersion", "" + ++revision).put("uid", "u");
    }
    request
        .response()
        .setStatusCode(code)
        .end(
            code < 400
                ? lease.toString()
                : Json.object().put("kind", "Status").put("code", code).toString());
  }

  private synchronized ObjectNode lease() {
    return lease == null ? Json.object() : lease.deepCopy();
  }

  private String holder() {
    return lease().path("spec").path("holderIdentity").asText();
  }

  /** A replica that only counts how many act. */
  private final class Candidate extends VerticleBase implements LeaderElector.Term {
    private final String name;
    private final Clock clock;
    private final LeaderElectionOptions options;
    private LeaderElector elector;
    private String deployment;

    Candidate(String name, Duration skew, LeaderElectionOptions options) {
      this.name = name;
      this.clock = Clock.offset(Clock.systemUTC(), skew);
      this.options = options;
    }

    @Override
    public Future<?> start() {
      var client =
          new ApiClient(
              vertx,
              server
                  .config(new Credentials.None())
                  .withUserAgent(name)
                  .withTimeout(options.renewDeadline().dividedBy(2)));
      elector = new LeaderElector(client, context, options, "test", this, clock, System::nanoTime);
      elector.start();
      return Future.succeededFuture();
    }

    @Override
    public Future<?> stop() {
      return elector.stop();
    }

    @Override
    public Future<?> begin() {
      mostActing.accumulateAndGet(acting.incrementAndGet(), Math::max);
      return Future.succeededFuture();
    }

    @Override
    public Future<?> end() {
      acting.decrementAndGet();
      return Future.succeededFuture();
    }

    boolean leads() {
      return elector.isLeader();
    }

    void resign() throws Exception {
      Await.result(vertx.undeploy(deployment));
    }
  }

  private Candidate candidate(String name, Duration skew) throws Exception {
    return deployed(new Candidate(name, skew, OPTIONS));
  }

  private Candidate patient(String name) throws Exception {
    return deployed(new Candidate(name, Duration.ZERO, PATIENT));
  }

  private Candidate deployed(Candidate candidate) throws Exception {
    candidate.deployment = Await.result(vertx.deployVerticle(candidate));
    return candidate;
  }

  @Test
  void the_first_one_leads_after_one_request() throws Exception {
    var first = patient("a");
    Await.until("it leads", first::leads);

    assertThat(requests.getFirst()).isEqualTo("POST");
    // Those that follow renew, each with one request.
    Await.until("it renews", () -> requests.size() > 3);
    assertThat(requests.stream().skip(1)).containsOnly("PUT");
    var spec = lease().path("spec");
    assertThat(spec.path("holderIdentity").asText()).isEqualTo(first.elector.identity());
    assertThat(spec.path("leaseDurationSeconds").asInt()).isEqualTo(120);
    assertThat(spec.path("leaseTransitions").asInt()).isZero();
    assertThat(spec.path("renewTime").asText()).matches("\\d{4}-\\d\\d-\\d\\dT.*\\.\\d{6}Z");
  }

  @Test
  void a_leader_that_stops_in_order_gives_the_lease_to_the_next_at_once() throws Exception {
    var first = patient("a");
    Await.until("it leads", first::leads);
    var second = patient("b");
    Await.until("the other asks", () -> requests.contains("GET"));
    assertThat(second.leads()).isFalse();

    first.resign();
    // Which it would wait for longer than is waited here, were the lease not given back.
    Await.until("the other leads", second::leads);

    assertThat(lease().path("spec").path("leaseTransitions").asInt()).isEqualTo(1);
    assertThat(mostActing).hasValue(1);
  }

  @Test
  void a_leader_that_is_cut_off_stops_before_another_begins() throws Exception {
    var first = candidate("a", Duration.ZERO);
    Await.until("it leads", first::leads);
    var second = candidate("b", Duration.ZERO);
    cut.add("a");

    Await.until("the other leads", second::leads);

    assertThat(first.leads()).isFalse();
    assertThat(mostActing).hasValue(1);
    assertThat(holder()).isEqualTo(second.elector.identity());

    // It stands again, and the one that leads goes on.
    cut.clear();
    var seen = requests.size();
    Await.until("both ask", () -> requests.stream().skip(seen).anyMatch("GET"::equals));
    assertThat(first.leads()).isFalse();
    assertThat(mostActing).hasValue(1);
  }

  @Test
  void a_leader_whose_work_keeps_all_virtual_threads_waiting_renews() throws Exception {
    var first = patient("a");
    Await.until("it leads", first::leads);

    // For longer than it may go without: nobody else gets a turn meanwhile.
    var seen = requests.size();
    var limit = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    BooleanSupplier renewed = () -> requests.stream().skip(seen).filter("PUT"::equals).count() > 13;
    var busy = new ArrayList<Thread>();
    for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
      busy.add(
          Thread.startVirtualThread(
              () -> {
                while (!renewed.getAsBoolean() && System.nanoTime() < limit) {
                  Thread.onSpinWait();
                }
              }));
    }
    for (var thread : busy) {
      thread.join();
    }

    assertThat(System.nanoTime()).isLessThan(limit);
    assertThat(mostActing).hasValue(1);
  }

  @Test
  void it_does_not_matter_what_time_it_is_elsewhere() throws Exception {
    // To the second one, the lease was renewed in a distant past.
    var first = candidate("a", Duration.ofHours(-1));
    Await.until("it leads", first::leads);
    var second = candidate("b", Duration.ofHours(1));
    var seen = requests.size();
    Await.until(
        "it is renewed for longer than it lasts",
        () -> requests.stream().skip(seen).filter("PUT"::equals).count() > 22);
    assertThat(first.leads()).isTrue();
    assertThat(second.leads()).isFalse();

    // And one from the future ends when it is not renewed.
    cut.add("a");
    var third = candidate("c", Duration.ofHours(-2));
    Await.until("another leads", () -> second.leads() || third.leads());
    assertThat(mostActing).hasValue(1);
  }

  @Test
  void a_lease_that_somebody_deletes_is_taken_anew() throws Exception {
    var first = candidate("a", Duration.ZERO);
    Await.until("it leads", first::leads);
    synchronized (this) {
      lease = null;
    }
    Await.until("there is one again", () -> holder().equals(first.elector.identity()));
    Await.until("it leads", first::leads);
    assertThat(mostActing).hasValue(1);
  }

  @Test
  void times_that_would_let_two_act_at_once_are_refused() {
    assertThatThrownBy(
            () -> OPTIONS.withTimes(LEASE, Duration.ofSeconds(2), Duration.ofMillis(100)))
        .hasMessageContaining("--leader-elect-lease-duration must be longer than");
    assertThatThrownBy(() -> OPTIONS.withTimes(LEASE, Duration.ofSeconds(1), Duration.ofSeconds(1)))
        .hasMessageContaining("--leader-elect-renew-deadline must be longer than 1.2 times");
  }
}
