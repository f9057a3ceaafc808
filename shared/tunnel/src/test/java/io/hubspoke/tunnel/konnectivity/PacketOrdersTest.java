package io.hubspoke.tunnel.konnectivity;

import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.testing.Await;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Packets in every order, of which some are nonsense: nothing outlives its connection. */
class PacketOrdersTest {
  private static final int RUNS = 300;
  private static final int IDS = 8;

  private static Vertx vertx;

  @BeforeAll
  static void start() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(vertx.close());
  }

  /** All of a run is on one event loop, so that its order is that of its seed. */
  private static void runs(Consumer<Run> test) throws Exception {
    for (int seed = 0; seed < RUNS; seed++) {
      String name = "seed " + seed;
      ContextInternal context = ((VertxInternal) vertx).createEventLoopContext();
      var run = new Run(context, new TestStream(context), new Random(seed));
      Promise<Void> done = Promise.promise();
      context.runOnContext(
          v -> {
            try {
              test.accept(run);
              done.complete();
            } catch (RuntimeException | AssertionError e) {
              done.fail(new AssertionError(name, e));
            }
          });
      Await.result(done.future());
    }
  }

  private record Run(ContextInternal context, TestStream stream, Random random) {
    FlowControl flow() {
      return random.nextBoolean()
          ? new FlowControl.Credits(100, 100)
          : new FlowControl.Bounded(100, java.time.Duration.ofSeconds(5));
    }

    Packet anyOf(long id, long dial) {
      return switch (random.nextInt(8)) {
        case 0 -> new Packet.DialResponse(random.nextInt(3) == 0 ? "no" : "", id, dial);
        case 1 -> new Packet.CloseDial(dial);
        case 2 -> new Packet.CloseResponse(random.nextInt(3) == 0 ? "broken" : "", id);
        case 3 -> new Packet.CloseRequest(id);
        case 4 -> new Packet.Credit(id, random.nextLong(-2, 200));
        case 5 -> new Packet.DialRequest("tcp", "node:1", dial);
        case 6 -> new Packet.Drain();
        default -> new Packet.Data(id, "", Buffer.buffer(new byte[random.nextInt(80)]));
      };
    }

    void use(TunnelledConnection connection) {
      if (connection == null) {
        return;
      }
      switch (random.nextInt(6)) {
        case 0 -> connection.reset().otherwiseEmpty();
        case 1 -> connection.end();
        case 2 -> connection.resume();
        case 3 -> connection.pause();
        default -> connection.write(Buffer.buffer(new byte[random.nextInt(300)])).otherwiseEmpty();
      }
    }
  }

  @Test
  void theDialingEndKeepsNothing() throws Exception {
    runs(
        run -> {
          var end = DialingEnd.over(run.context(), run.stream(), run.flow(), "tunnel", 100);
          List<DialingEnd.Dial> dials = new ArrayList<>();
          List<TunnelledConnection> connections = new ArrayList<>();
          List<Long> asked = new ArrayList<>();
          for (int step = 0; step < 150; step++) {
            int written = run.stream().written.size();
            switch (run.random().nextInt(4)) {
              case 0 -> {
                var dial = end.dial(run.context(), "node:1");
                dials.add(dial);
                dial.connected().onSuccess(connections::add);
              }
              case 1 -> {
                if (!dials.isEmpty() && run.random().nextInt(4) == 0) {
                  dials.get(run.random().nextInt(dials.size())).cancel();
                } else if (!connections.isEmpty()) {
                  run.use(connections.get(run.random().nextInt(connections.size())));
                }
              }
              default ->
                  run.stream()
                      .inject(
                          run.anyOf(
                              run.random().nextInt(IDS),
                              asked.isEmpty() ? 1 : asked.get(run.random().nextInt(asked.size()))));
            }
            for (Packet packet :
                run.stream().written.subList(written, run.stream().written.size())) {
              if (packet instanceof Packet.DialRequest request) {
                asked.add(request.random());
              }
            }
          }
          // What an agent does that ends all of them, in any order, and twice.
          List<Packet> ends = new ArrayList<>();
          for (long random : asked) {
            ends.add(new Packet.CloseDial(random));
          }
          for (long id = 0; id < IDS; id++) {
            ends.add(new Packet.CloseResponse("", id));
            ends.add(new Packet.CloseResponse("late", id));
          }
          run.stream().resume();
          Collections.shuffle(ends, run.random());
          ends.forEach(run.stream()::inject);
          assertThat(end.pending()).isZero();
          assertThat(end.size()).isZero();
        });
  }

  @Test
  void theAcceptingEndKeepsNothing() throws Exception {
    runs(
        run -> {
          List<AcceptingEnd.IncomingDial> dials = new ArrayList<>();
          var end = AcceptingEnd.over(run.context(), run.stream(), run.flow(), 100, dials::add);
          List<TunnelledConnection> connections = new ArrayList<>();
          for (int step = 0; step < 150; step++) {
            switch (run.random().nextInt(4)) {
              case 0 -> {
                if (!dials.isEmpty()) {
                  var dial = dials.get(run.random().nextInt(dials.size()));
                  if (run.random().nextInt(3) == 0) {
                    dial.refuse("no");
                  } else {
                    dial.accept(run.context()).onSuccess(connections::add).otherwiseEmpty();
                  }
                }
              }
              case 1 -> {
                if (!connections.isEmpty()) {
                  run.use(connections.get(run.random().nextInt(connections.size())));
                }
              }
              default ->
                  run.stream()
                      .inject(run.anyOf(run.random().nextInt(IDS), run.random().nextInt(20)));
            }
          }
          List<Packet> ends = new ArrayList<>();
          for (long random = 0; random < 20; random++) {
            ends.add(new Packet.CloseDial(random));
          }
          for (long id = 0; id < 100; id++) {
            ends.add(new Packet.CloseRequest(id));
          }
          run.stream().resume();
          Collections.shuffle(ends, run.random());
          ends.forEach(run.stream()::inject);
          assertThat(end.pending()).isZero();
          assertThat(end.size()).isZero();
        });
  }

  @Test
  void everyConnectionThatAnAgentSaysItHasIsClosedOrUsed() throws Exception {
    runs(
        run -> {
          var end = DialingEnd.over(run.context(), run.stream(), run.flow(), "tunnel", 100);
          var dial = end.dial(run.context(), "node:1");
          long random = ((Packet.DialRequest) run.stream().written.getFirst()).random();
          List<Runnable> steps =
              new ArrayList<>(
                  List.of(
                      dial::cancel,
                      () -> run.stream().inject(new Packet.DialResponse("", 7, random))));
          Collections.shuffle(steps, run.random());
          steps.forEach(Runnable::run);
          assertThat(run.stream().written).contains(new Packet.CloseRequest(7));
          run.stream().inject(new Packet.CloseResponse("", 7));
          assertThat(end.size() + end.pending()).isZero();
        });
  }
}
