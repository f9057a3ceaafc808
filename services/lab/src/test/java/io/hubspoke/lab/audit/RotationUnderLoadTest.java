package io.hubspoke.lab.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.Credentials;
import io.hubspoke.client.Informer;
import io.hubspoke.client.Item;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.CertificateRenewal;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.pki.AtomicFile;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.PublicKeys;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.hubspoke.tokens.CompactToken;
import io.hubspoke.tokens.TokenException;
import io.hubspoke.tokens.TokenKey;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * N10 in full: everything that can be renewed is, many times and at once, while all routes are
 * used.
 */
@Timeout(180)
class RotationUnderLoadTest {
  private static final Logger LOG = LoggerFactory.getLogger(RotationUnderLoadTest.class);
  private static final Resource<ObjectNode> MAPS = Resource.CONFIG_MAPS.tree();
  private static final Duration LIFE = Duration.ofSeconds(8);

  /** Renewed after twelve seconds; who reads the file has three to do so. */
  private static final Duration TOKENS_LIFE = Duration.ofSeconds(15);

  private static final int GENERATIONS = 2;

  /** Longer than anybody takes to look at files again. */
  private static final Duration TAKEN_OVER = Duration.ofMillis(2600);

  @TempDir private Path dir;
  private final List<String> failures = new CopyOnWriteArrayList<>();
  private final List<Integer> seen = new CopyOnWriteArrayList<>();
  private final Map<String, Set<BigInteger>> serials = new HashMap<>();
  private final List<RotationPod> pods = new ArrayList<>();
  private final Set<String> tokenKeys = new HashSet<>();
  private Mesh mesh;
  private final AtomicInteger newcomers = new AtomicInteger();
  private volatile boolean over;

  @Test
  void noRequestFailsWhileEverythingRotates() throws Exception {
    Vertx vertx = Component.vertx();
    mesh =
        Mesh.start(
            vertx,
            new MeshOptions(
                dir,
                2,
                Posture.VERIFIED,
                Changes.NONE
                    .withApiserver(RotationUnderLoadTest::briefTokens)
                    .withKubelet(kubelet -> kubelet.nodeLeaseDuration(Duration.ofSeconds(1)))
                    .withControllerManager(
                        manager ->
                            manager.withClusterSigning(pki("ca.crt"), pki("ca.key"), LIFE))));
    try {
      mesh.awaitReady(Duration.ofSeconds(60));
      rotate();
    } finally {
      over = true;
      mesh.stop();
      vertx.close();
    }
  }

  private static ApiserverOptions briefTokens(ApiserverOptions options) {
    var authn = options.authn();
    return options.with(authn.with(authn.serviceAccounts().withMaxTokenExpiration(TOKENS_LIFE)));
  }

  private void rotate() throws Exception {
    var account = new Account(mesh, "rotating");
    account.create();
    var loads = new ArrayList<RotationLoad>();
    for (var node : List.of("node-1", "node-2")) {
      var pod = RotationPod.start(mesh, node, "rotating-" + node, true);
      pods.add(pod);
      loads.add(new RotationLoad(pod));
    }
    assertThat(mounted()).isNotEmpty();
    var strangers = RotationRoute.unauthenticated(mesh);
    for (var load : loads) {
      load.start();
    }
    var watching = watch();
    var writer = again("a write", this::write);
    var caller = again("a token", () -> call(account.token()));
    var newcomer = again("a new pod and its service", this::newcomer);

    certificates();
    for (var generation = 2; generation < 2 + GENERATIONS; generation++) {
      everything(generation);
    }

    over = true;
    writer.join();
    caller.join();
    newcomer.join();
    for (var load : loads) {
      load.stop();
    }
    var evidence = Json.object();
    for (var load : loads) {
      load.describe(evidence.putObject("load" + loads.indexOf(load)));
    }
    serials.forEach((name, found) -> evidence.put(name, found.size() + " certificates"));
    evidence.put("eventsWatched", seen.size());
    LOG.info("{}", evidence);
    assertThat(failures).isEmpty();
    assertThat(newcomers.get())
        .as("pods that were placed, started and led to meanwhile")
        .isPositive();
    assertThat(loads)
        .allSatisfy(
            load ->
                assertThat(load.requestsByRoute())
                    .containsKey("with the token in the pod")
                    .allSatisfy((route, count) -> assertThat(count).as(route).isGreaterThan(20)));
    assertThat(tokenKeys).as("keys that mounted tokens were signed with").hasSize(1 + GENERATIONS);
    assertThat(loads)
        .allSatisfy(load -> assertThat(load.failures()).as(evidence.toString()).isZero());
    assertThat(RotationRoute.unauthenticated(mesh) - strangers).as("requests with 401").isZero();
    assertThat(loads)
        .allSatisfy(load -> assertThat(load.longestSilence()).isLessThan(Duration.ofSeconds(4)));
    assertThat(serials.values())
        .allSatisfy(found -> assertThat(found).hasSizeGreaterThanOrEqualTo(3));
    // Each write was watched once, in order: none was lost when connections were replaced.
    Await.until("the last write is watched", () -> seen.size() >= written);
    for (var i = 0; i < seen.size(); i++) {
      assertThat(seen.get(i)).isEqualTo(i + 1);
    }
    Component.await(watching.stop());
  }

  private volatile int written;

  /** Kubelets renew theirs by themselves; the apiserver's are replaced. */
  private void certificates() throws Exception {
    for (var i = 0; i < 3; i++) {
      mesh.renewServing();
      mesh.renewKubeletClient();
      TimeUnit.MILLISECONDS.sleep(1500);
      noteSerials();
    }
  }

  /**
   * "Manual Rotation of CA Certificates", and of the keys of service accounts with it: trust both,
   * issue and sign by the new ones, trust those alone.
   */
  private void everything(int generation) throws Exception {
    var old = CertificateAuthority.read(pki("ca.crt"), pki("ca.key"));
    var next = CertificateAuthority.create("kubernetes-" + generation, Duration.ofDays(1));
    var oldKey = PublicKeys.read(pki("sa.pub")).getFirst();
    var nextKey = KeyPairs.generate();
    AtomicFile.writePublic(pki("sa.pub"), Pem.encode(nextKey.getPublic()) + Pem.encode(oldKey));
    trust(old.certificate(), next.certificate());

    Pem.writePrivateKey(pki("sa.key"), nextKey.getPrivate());
    next.write(dir.resolve("next.crt"), dir.resolve("next.key"));
    AtomicFile.writePublic(
        pki("ca.crt"), Pem.encode(List.of(next.certificate(), old.certificate())));
    Pem.writePrivateKey(pki("ca.key"), Pem.readPrivateKey(dir.resolve("next.key")));
    var both = List.of(next.certificate(), old.certificate());
    var renewal = new CertificateRenewal(next, Duration.ofDays(1));
    renewal.pair(pki("apiserver.crt"), pki("apiserver.key"));
    renewal.pair(pki("apiserver-kubelet-client.crt"), pki("apiserver-kubelet-client.key"));
    for (var component : List.of("admin", "scheduler", "controller-manager")) {
      renewal.kubeconfig(dir.resolve(component + ".kubeconfig"), both);
    }
    var issuer = "CN=kubernetes-" + generation;
    Await.until(
        "nodes have certificates of the new authority",
        () -> {
          noteSerials();
          return current().values().stream()
              .allMatch(c -> c.getIssuerX500Principal().getName().equals(issuer));
        });
    var key = TokenKey.of(nextKey.getPublic()).id();
    Await.until("pods have tokens of the new key", () -> mounted().allMatch(key::equals));
    settle();

    AtomicFile.writePublic(pki("sa.pub"), Pem.encode(nextKey.getPublic()));
    trust(next.certificate());
  }

  /** Returns where on the way to a pod the authorities stop; empty when it has them. */
  private String untold(RotationPod pod, String authorities) throws Exception {
    var map =
        Component.await(
            mesh.admin().get(Resource.CONFIG_MAPS.tree(), Workload.NAMESPACE, "kube-root-ca.crt"));
    return !map.at("/data/ca.crt").asText().equals(authorities)
        ? "not published"
        : pod.files().authority().equals(authorities)
            ? ""
            : "not mounted in " + pod.name() + "; failed meanwhile: " + failures;
  }

  /** Returns which keys the tokens in the mounts of all pods were signed with. */
  private Stream<String> mounted() {
    var keys = new ArrayList<String>();
    for (var node : mesh.nodes().keySet()) {
      try (var tokens =
          Files.find(
              mesh.nodeDirectory(node).resolve("pods"),
              8,
              (file, attributes) ->
                  file.endsWith("token")
                      && file.getParent().toString().contains("kube-api-access"))) {
        for (var token : tokens.toList()) {
          keys.add(CompactToken.parse(Files.readString(token).strip()).keyId());
        }
      } catch (IOException | UncheckedIOException | TokenException e) {
        // Files are just replaced, or a pod has gone.
        keys.add("unknown");
      }
    }
    keys.stream().filter(key -> !key.equals("unknown")).forEach(tokenKeys::add);
    return keys.stream();
  }

  /** Has everybody trust these, and waits until they do. */
  private void trust(X509Certificate... authorities) throws Exception {
    var list = List.of(authorities);
    AtomicFile.writePublic(pki("ca.crt"), Pem.encode(list));
    for (var component : List.of("admin", "scheduler", "controller-manager")) {
      CertificateRenewal.trust(dir.resolve(component + ".kubeconfig"), list);
    }
    for (var node : mesh.nodes().keySet()) {
      CertificateRenewal.trust(mesh.nodeDirectory(node).resolve("kubelet.kubeconfig"), list);
    }
    var published = Pem.encode(list);
    for (var pod : pods) {
      Await.until(
          "pods are told of the authorities", () -> untold(pod, published), String::isEmpty);
    }
    settle();
  }

  /** Waits until what was changed is taken over. */
  private void settle() throws Exception {
    TimeUnit.MILLISECONDS.sleep(TAKEN_OVER.toMillis());
    noteSerials();
  }

  private interface Request {
    void send() throws Exception;
  }

  private Thread again(String which, Request request) {
    return Thread.ofVirtual()
        .start(
            () -> {
              while (!over) {
                try {
                  request.send();
                  TimeUnit.MILLISECONDS.sleep(50);
                } catch (InterruptedException e) {
                  return;
                } catch (Exception e) {
                  failures.add(which + ": " + Component.reason(e));
                }
              }
            });
  }

  private void write() throws Exception {
    var next = written + 1;
    var patch = Json.object();
    patch.putObject("data").put("n", String.valueOf(next));
    Component.await(mesh.admin().patch(MAPS, "default", "counter", PatchType.MERGE, patch));
    written = next;
  }

  /**
   * A pod comes and goes: the scheduler places it, its node asks for a token and starts it, the
   * controllers find it for its service, and the kube-proxy of its node leads there.
   */
  private void newcomer() throws Exception {
    RotationPod.start(mesh, "", "newcomer-" + newcomers, false).delete();
    newcomers.incrementAndGet();
  }

  private Informer<ObjectNode> watch() throws Exception {
    var map = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    map.putObject("metadata").put("name", "counter");
    Component.await(mesh.admin().create(MAPS, "default", map));
    var informer =
        new Informer<>(
            mesh.admin(),
            MAPS,
            ListOptions.inNamespace("default").withFieldSelector("metadata.name=counter"),
            mesh.vertx().getOrCreateContext());
    informer.addHandler(
        new Informer.Handler<>() {
          @Override
          public void added(Item<ObjectNode> item) {}

          @Override
          public void updated(Item<ObjectNode> before, Item<ObjectNode> now) {
            seen.add(now.object().at("/data/n").asInt());
          }

          @Override
          public void deleted(Item<ObjectNode> last) {}
        });
    Component.await(informer.start());
    return informer;
  }

  private void call(String token) throws Exception {
    var cluster = Kubeconfig.read(mesh.adminKubeconfig()).cluster();
    var client =
        new ApiClient(
            mesh.vertx(),
            ClientConfig.of(cluster.server(), cluster.authorities(), new Credentials.Token(token)));
    try {
      Component.await(client.raw("/version"));
    } finally {
      Component.await(client.close());
    }
  }

  private Map<String, X509Certificate> current() throws IOException {
    var found = new HashMap<String, X509Certificate>();
    for (var node : mesh.nodes().keySet()) {
      for (var kind : List.of("client", "server")) {
        var file = mesh.nodeDirectory(node).resolve("pki/kubelet-" + kind + "-current.pem");
        found.put(node + " " + kind, Identity.read(file, file).certificate());
      }
    }
    return found;
  }

  private void noteSerials() throws Exception {
    current()
        .forEach(
            (name, certificate) ->
                serials
                    .computeIfAbsent(name, n -> new HashSet<>())
                    .add(certificate.getSerialNumber()));
    serials
        .computeIfAbsent("apiserver", n -> new HashSet<>())
        .add(mesh.servingCertificate().getSerialNumber());
    serials
        .computeIfAbsent("apiserver to kubelets", n -> new HashSet<>())
        .add(mesh.kubeletClientCertificate().getSerialNumber());
  }

  private Path pki(String file) {
    return dir.toAbsolutePath().resolve("pki").resolve(file);
  }
}
