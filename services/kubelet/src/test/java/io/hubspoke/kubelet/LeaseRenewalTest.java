package io.hubspoke.kubelet;

import io.hubspoke.testing.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A lease is renewed whatever the kubelet's process is busy with. */
final class LeaseRenewalTest {
  private static final String LEASE =
      "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1";

  @TempDir Path directory;

  private final AtomicBoolean busy = new AtomicBoolean(true);
  private TestNode node;

  @AfterEach
  void stop() throws Exception {
    busy.set(false);
    node.stop();
  }

  @Test
  void a_lease_is_renewed_while_no_virtual_thread_gets_a_turn() throws Exception {
    node = new TestNode(directory, "127.10.136.1");
    node.start(o -> o.nodeLeaseDuration(Duration.ofSeconds(1)));
    Set<String> renewals = new HashSet<>();
    Await.until("a lease", () -> node.apiserver.get(LEASE).has("spec"));
    for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
      Thread.ofVirtual().start(this::neverYield);
    }
    Await.until(
        "it is renewed again and again",
        () -> {
          renewals.add(node.apiserver.get(LEASE).at("/spec/renewTime").asText());
          return renewals.size() > 4;
        });
  }

  private void neverYield() {
    while (busy.get()) {
      Thread.onSpinWait();
    }
  }
}
