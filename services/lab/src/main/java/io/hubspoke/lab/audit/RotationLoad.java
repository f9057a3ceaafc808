package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.runtime.Tls;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.StreamTransport;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;

/**
 * Requests over every route that go on while certificates are replaced: over connections and
 * streams that stay, over one of their own each, through the apiserver to a node and its pod, by
 * virtual addresses, and with the token in a pod's mount; and how often the node is heard of.
 */
final class RotationLoad implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(40);

  /** Between requests that are many, or cost more. */
  private static final Duration LONGER_PAUSE = Duration.ofMillis(150);

  private static final Duration ROUNDS_PAUSE = Duration.ofMillis(500);
  private static final int FAILURES_TOLD = 5;
  private static final int OK = 200;

  private final Mesh mesh;
  private final RotationPod pod;
  private final RotationStreams streams;
  private final Map<String, AtomicInteger> requests = new ConcurrentSkipListMap<>();
  private final AtomicInteger failed = new AtomicInteger();
  private final AtomicInteger renewals = new AtomicInteger();
  private final AtomicLong longestSilence = new AtomicLong();
  private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean over;
  private volatile X509Certificate served;
  private String lastRenewal = "";
  private long heard = System.nanoTime();
  private int answersRead;
  private long lastAnswer;
  private int turn;

  RotationLoad(RotationPod pod) {
    this.mesh = pod.mesh();
    this.pod = pod;
    this.streams = new RotationStreams(pod);
  }

  private interface Request {
    void send() throws Exception;
  }

  void start() throws Exception {
    for (var stream : streams.open().entrySet()) {
      again(stream.getKey(), LONGER_PAUSE, stream.getValue()::once);
    }
    heard = System.nanoTime();
    lastAnswer = heard;
    if (pod.asks()) {
      // The pod may have begun to ask before its node had a kube-proxy.
      answersRead = answers().size();
      again("rounds of the token in the pod", ROUNDS_PAUSE, this::mounted);
    }
    again("over one connection", PAUSE, () -> Component.await(mesh.admin().raw("/version")));
    again("over a new connection", LONGER_PAUSE, this::newConnection);
    again("to the kubelet", PAUSE, this::logs);
    again("of the node's lease", PAUSE, this::lease);
    again("exec anew", LONGER_PAUSE, this::exec);
    for (var target : ProxyTarget.values()) {
      again(target.title(), LONGER_PAUSE, () -> proxied(target));
    }
    if (pod.forwarded()) {
      again("by the virtual address", LONGER_PAUSE, pod::page);
    }
  }

  private void again(String which, Duration pause, Request request) {
    var count = requests.computeIfAbsent(which, w -> new AtomicInteger());
    threads.add(
        Thread.ofVirtual()
            .start(
                () -> {
                  while (!over) {
                    count.incrementAndGet();
                    try {
                      request.send();
                    } catch (InterruptedException e) {
                      return;
                    } catch (Exception e) {
                      failed(which + ": " + Component.reason(e));
                    }
                    LockSupport.parkNanos(pause.toNanos());
                  }
                }));
  }

  private void failed(String what) {
    failed.incrementAndGet();
    failures.add(Instant.now() + " " + what);
  }

  private void newConnection() throws Exception {
    var kubeconfig = Kubeconfig.read(mesh.adminKubeconfig());
    var client = new ApiClient(mesh.vertx(), ClientConfig.of(kubeconfig));
    try {
      Component.await(client.raw("/version"));
    } finally {
      Component.await(client.close());
    }
  }

  /** Returns what the apiserver shows to a new connection. */
  static X509Certificate served(Mesh mesh) throws Exception {
    return look(Kubeconfig.read(mesh.adminKubeconfig()).cluster());
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
    if (Component.await(mesh.admin().raw(pod.log() + "&tailLines=1")).length() == 0) {
      throw new IOException("an empty log");
    }
  }

  /** Has the kubelet run a command, by each transport in turn. */
  private void exec() throws Exception {
    var transports = StreamTransport.values();
    var transport = transports[turn++ % transports.length];
    var identity = Kubeconfig.read(mesh.adminKubeconfig()).user().identity().orElseThrow();
    var command = new RemoteCommand(true, true, false, false);
    try (var caller = new StreamsCaller(mesh.vertx(), identity, transport)) {
      var url = pod.stream("exec?command=cat", RotationPod.CAT, command);
      var ran = caller.run(url, command, "typed " + turn);
      if (ran.code() != 0 || !ran.stdout().equals("typed " + turn)) {
        throw new IOException(transport + ": " + ran.brief());
      }
    }
  }

  private void proxied(ProxyTarget target) throws Exception {
    var body = Component.await(mesh.admin().raw(pod.proxied(target))).toString();
    if (!body.contains(target == ProxyTarget.NODE ? "ok" : pod.name())) {
      throw new IOException("answered \"" + body + "\"");
    }
  }

  /** Reads what the program in the pod was answered meanwhile, by service kubernetes. */
  private void mounted() throws IOException {
    var lines = answers();
    for (var line : lines.subList(answersRead, lines.size())) {
      var answer = Json.parse(line.getBytes(StandardCharsets.UTF_8));
      requests
          .computeIfAbsent("with the token in the pod", w -> new AtomicInteger())
          .incrementAndGet();
      if (answer.path("status").asInt() != OK) {
        failed("with the token in the pod: " + ApiClientPod.brief(answer));
      }
    }
    var now = System.nanoTime();
    if (lines.size() > answersRead) {
      answersRead = lines.size();
      lastAnswer = now;
    } else if (now - lastAnswer > Checks.PATIENCE.toNanos()) {
      throw new IOException("the pod asks no more");
    }
  }

  private List<String> answers() throws IOException {
    return pod.files().log(RotationPod.CLIENT).stream().filter(line -> line.endsWith("}")).toList();
  }

  private void lease() throws Exception {
    var time =
        Component.await(
            mesh.admin()
                .get(Resource.LEASES.tree(), "kube-node-lease", pod.node())
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
  void stop() throws Exception {
    over = true;
    for (var thread : threads) {
      thread.join();
    }
    if (pod.asks()) {
      // What came after the last look.
      mounted();
    }
    served = served(mesh);
    streams.close();
  }

  int requests() {
    return requests.values().stream().mapToInt(AtomicInteger::get).sum();
  }

  /** Returns how many requests went each way; the streams that stay count what was said. */
  Map<String, Integer> requestsByRoute() {
    var counts = new ConcurrentSkipListMap<String, Integer>();
    requests.forEach((which, count) -> counts.put(which, count.get()));
    return counts;
  }

  int failures() {
    return failed.get();
  }

  /** For how long the node's lease was not renewed. */
  Duration longestSilence() {
    return Duration.ofNanos(longestSilence.get());
  }

  /** The certificate that the apiserver serves new connections with in the end; null before. */
  X509Certificate lastServed() {
    return served;
  }

  void describe(ObjectNode evidence) {
    evidence
        .put("requests", requests())
        .put("failed", failed.get())
        .put("leaseRenewals", renewals.get())
        .put("longestSilenceMillis", longestSilence().toMillis());
    var routes = evidence.putObject("requestsByRoute");
    requestsByRoute().forEach(routes::put);
    failures.stream().limit(FAILURES_TOLD).forEach(evidence.putArray("failures")::add);
  }

  @Override
  public void close() {
    over = true;
    streams.close();
  }
}
