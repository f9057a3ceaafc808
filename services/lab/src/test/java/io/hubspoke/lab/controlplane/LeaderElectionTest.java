package io.hubspoke.lab.controlplane;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.client.election.LeaderElectionOptions;
import io.hubspoke.controllermanager.ControllerManager;
import io.hubspoke.controllermanager.ControllerManagerOptions;
import io.hubspoke.lab.wire.Mode;
import io.hubspoke.lab.wire.Wire;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Controller managers of one cluster, of which one acts. */
class LeaderElectionTest {
  private static final Resource<ObjectNode> LEASES = Resource.LEASES.tree();
  private static final LeaderElectionOptions OPTIONS =
      LeaderElectionOptions.of("kube-controller-manager")
          .withTimes(Duration.ofSeconds(2), Duration.ofMillis(1400), Duration.ofMillis(200));

  private static ControlPlane plane;
  private static Vertx vertx;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    plane = new ControlPlane(dir, Duration.ofSeconds(40));
    vertx = Component.vertx();
  }

  @AfterAll
  static void stop() throws Exception {
    Await.result(vertx.close());
    plane.close();
  }

  /** A controller manager behind a wire of its own. */
  private record Replica(ControllerManager manager, Wire wire, String deployment) {
    static Replica start(String lease) throws Exception {
      var config = plane.config(plane.identity("kubernetes-admin", "system:masters"));
      var wire =
          Await.result(
              Wire.open(
                  vertx,
                  SocketAddress.inetSocketAddress(0, "127.0.0.1"),
                  SocketAddress.inetSocketAddress(config.server().getPort(), "127.0.0.1")));
      var manager =
          new ControllerManager(
              ControllerManagerOptions.of(
                      config.withServer(URI.create("https://127.0.0.1:" + wire.address().port())))
                  .withLeaderElection(
                      new LeaderElectionOptions(
                          true,
                          OPTIONS.leaseDuration(),
                          OPTIONS.renewDeadline(),
                          OPTIONS.retryPeriod(),
                          "kube-system",
                          lease)));
      return new Replica(manager, wire, Await.result(vertx.deployVerticle(manager)));
    }

    boolean leads() {
      return manager.isLeader();
    }
  }

  @Test
  void the_components_hold_their_leases_and_say_so_in_events() throws Exception {
    for (var name : new String[] {"kube-controller-manager", "kube-scheduler"}) {
      Await.until(name + " has a lease", () -> !holder(name).isEmpty());
      assertThat(holder(name)).matches("\\S+_[0-9a-f]{8}-[0-9a-f-]{27}");
      Await.until(
          "the event",
          () ->
              Await.result(
                      plane.admin.list(
                          Resource.EVENTS.tree(),
                          ListOptions.inNamespace("kube-system")
                              .withFieldSelector("involvedObject.name=" + name)))
                  .objects()
                  .stream()
                  .anyMatch(
                      e ->
                          e.path("reason").asText().equals("LeaderElection")
                              && e.path("message")
                                  .asText()
                                  .equals(holder(name) + " became leader")));
    }
  }

  @Test
  void another_manager_takes_over_when_the_leader_is_cut_off_and_never_do_two_act()
      throws Exception {
    var one = Replica.start("partitioned");
    Await.until("one leads", one::leads);
    var other = Replica.start("partitioned");
    var both = new AtomicBoolean();
    var watching =
        vertx.setPeriodic(
            5,
            id -> {
              if (one.leads() && other.leads()) {
                both.set(true);
              }
            });
    Await.result(one.wire.mode(new Mode.Cut(Mode.Cut.How.BLACK_HOLE)));

    Await.until("the other leads", other::leads);
    assertThat(one.leads()).isFalse();
    // It acts: what every namespace has comes back.
    namespace("after-the-cut");
    Await.until("its account", () -> exists("after-the-cut"));

    // Back again, the first one waits; then it takes over from one that stops in order, at once.
    Await.result(one.wire.mode(Mode.forward()));
    Await.result(vertx.undeploy(other.deployment));
    Await.until("the first leads again", one::leads);
    namespace("after-the-change");
    Await.until("its account", () -> exists("after-the-change"));
    assertThat(both).isFalse();
    assertThat(lease("partitioned").path("spec").path("leaseTransitions").asInt()).isEqualTo(2);
    vertx.cancelTimer(watching);
    Await.result(vertx.undeploy(one.deployment));
    assertThat(holder("partitioned")).isEmpty();
  }

  private static void namespace(String name) throws Exception {
    var namespace = ControlPlane.json("{\"metadata\": {\"name\": \"%s\"}}".formatted(name));
    namespace.put("apiVersion", "v1").put("kind", "Namespace");
    Await.result(plane.admin.create(Resource.NAMESPACES.tree(), "", namespace));
  }

  private static boolean exists(String namespace) throws Exception {
    try {
      return !Await.result(plane.admin.get(Resource.SERVICE_ACCOUNTS.tree(), namespace, "default"))
          .isEmpty();
    } catch (ApiException e) {
      assertThat(e.code()).isEqualTo(404);
      return false;
    }
  }

  private static ObjectNode lease(String name) throws Exception {
    return Await.result(plane.admin.get(LEASES, "kube-system", name));
  }

  private static String holder(String name) {
    try {
      return lease(name).path("spec").path("holderIdentity").asText();
    } catch (Exception e) {
      return "";
    }
  }
}
