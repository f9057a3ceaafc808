package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Tls;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/**
 * Requests that go on while certificates are replaced: over connections that stay, over one of
 * their own each, and through the apiserver to a kubelet; and how often the node is heard of.
 */
final class RotationLoad implements AutoCloseable {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(40);
  private static final int FAILURES_TOLD = 5;

  private final Mesh mesh;
  private final String node;
  private final String pod;
  private final AtomicInteger requests = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();
  private final AtomicInteger renewals = new AtomicInteger();
  private final AtomicLong longestSilence = new AtomicLong();
  private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean over;
  private volatile X509Certificate served;
  private String lastRenewal = "";
  private long heard = System.nanoTime();

  RotationLoad(Mesh mesh, String node, String pod) {
    this.mesh = mesh;
    this.node = node;
    this.pod = pod;
  }

  private interface Request {
    void send() throws Exception;
  }

  void start() {
    heard = System.nanoTime();
    again("over one connection", () -> Component.await(mesh.admin().raw("/version")));
    again("over a new connection", this::newConnection);
    again("to the kubelet", this::logs);
    again("of the node's lease", this::lease);
  }

  private void again(String which, Request request) {
    threads.add(
        Thread.ofVirtual()
            .start(
                () -> {
                  while (!over) {
                    requests.incrementAndGet();
                    try {
                      request.send();
                    } catch (InterruptedException e) {
                      return;
                    } catch (Exception e) {
                      failed.incrementAndGet();
                      failures.add(which + ": " + Component.reason(e));
                    }
                    LockSupport.parkNanos(PAUSE_NANOS);
                  }
                }));
  }

  private void newConnection() throws Exception {
    var kubeconfig = Kubeconfig.read(mesh.adminKubeconfig());
    var client = new ApiClient(mesh.vertx(), ClientConfig.of(kubeconfig));
    try {
      Component.await(client.raw("/version"));
    } finally {
      Component.await(client.close());
    }
    served = look(kubeconfig.cluster());
  }

  /** Looks at what a handshake shows. */
  private static X509Certificate look(Kubeconfig.Cluster cluster) throws Exception {
    var server = URI.create(cluster.server());
    var tls = SSLContext.getInstance("TLS");
    tls.init(null, new TrustManager[] {Tls.trust(cluster.authorities())}, null);
    try (var socket =
        (SSLSocket) tls.getSocketFactory().createSocket(server.getHost(), server.getPort())) {
      socket.startHandshake();
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  private void logs() throws Exception {
    var log = Resource.PODS.path(Workload.NAMESPACE, pod) + "/log?tailLines=1";
    if (Component.await(mesh.admin().raw(log)).length() == 0) {
      throw new IllegalStateException("an empty log");
    }
  }

  private void lease() throws Exception {
    var time =
        Component.await(
            mesh.admin()
                .get(Resource.LEASES.tree(), "kube-node-lease", node)
                .map(lease -> lease.at("/spec/renewTime").asText()));
    var now = System.nanoTime();
    longestSilence.accumulateAndGet(now - heard, Math::max);
    if (!time.equals(lastRenewal)) {
      lastRenewal = time;
      heard = now;
      renewals.incrementAndGet();
    }
  }

  /** Lets requests under way be answered, and sends no more. */
  void stop() throws InterruptedException {
    over = true;
    for (var thread : threads) {
      thread.join();
    }
  }

  int requests() {
    return requests.get();
  }

  int failures() {
    return failed.get();
  }

  /** For how long the node's lease was not renewed. */
  Duration longestSilence() {
    return Duration.ofNanos(longestSilence.get());
  }

  /** The certificate that the apiserver served the last new connection with; null for none. */
  X509Certificate lastServed() {
    return served;
  }

  void describe(ObjectNode evidence) {
    evidence
        .put("requests", requests.get())
        .put("failed", failed.get())
        .put("leaseRenewals", renewals.get())
        .put("longestSilenceMillis", longestSilence().toMillis());
    failures.stream().limit(FAILURES_TOLD).forEach(evidence.putArray("failures")::add);
  }

  @Override
  public void close() {
    over = true;
  }
}
