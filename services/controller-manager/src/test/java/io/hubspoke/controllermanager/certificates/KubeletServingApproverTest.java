package io.hubspoke.controllermanager.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.hubspoke.api.AddressRange;
import io.hubspoke.api.Json;
import io.hubspoke.client.Item;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KubeletServingApproverTest {
  private static final Instant CREATED = Instant.parse("2026-01-01T00:00:00Z");

  private final AtomicBoolean started = new AtomicBoolean();
  private final NodeAddressClaims claims = new NodeAddressClaims(started::get);
  private Set<InetAddress> apiserver =
      Set.of(InetAddress.ofLiteral("127.10.0.9"), InetAddress.ofLiteral("127.96.0.1"));

  @BeforeEach
  void nodes() {
    report("a", "a.internal", "not an address", "127.10.0.1");
    report("silent");
    started.set(true);
  }

  @Test
  void approvesTheNodesOwnNameAndAddresses() {
    assertThat(decide("system:node:a", "a", "a", "127.10.0.1"))
        .isInstanceOf(Decision.Approve.class);
    assertThat(decide("system:node:a", "a", "127.10.0.1")).isInstanceOf(Decision.Approve.class);
  }

  @Test
  void deniesEveryNameThatIsNotTheNodesOwn() {
    assertForeign("DNS name b is not one", decide("system:node:a", "a", "a", "b"));
    assertForeign("DNS name * is not", decide("system:node:a", "a", "*"));
    assertForeign("DNS name *.a is not", decide("system:node:a", "a", "*.a"));
    assertForeign(
        "127.0.10.1 is not one", decide("system:node:a", "a", "127.10.0.1", "127.0.10.1"));
  }

  @Test
  void deniesNamesThatTheNodeSaysAreItsOwn() {
    report("a", "a.internal", "kubernetes.default.svc", "127.10.0.1");

    assertForeign("a.internal is not", decide("system:node:a", "a", "a.internal"));
    assertForeign("is not one", decide("system:node:a", "a", "kubernetes.default.svc"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local"
      })
  void deniesTheNameOfANodeThatIsCalledLikeSomethingElse(String name) {
    report(name, "127.10.0.2");

    assertForeign("is no node's", decide("system:node:" + name, name, name));
  }

  @Test
  void deniesAnAddressThatAnotherNodeReportedBefore() {
    report("b", "127.10.0.2");
    report("b", "127.10.0.2", "127.10.0.1");

    assertForeign("is claimed by node a too", decide("system:node:b", "b", "b", "127.10.0.1"));
    assertThat(decide("system:node:a", "a", "a", "127.10.0.1"))
        .isInstanceOf(Decision.Approve.class);
    assertThat(decide("system:node:b", "b", "b", "127.10.0.2"))
        .isInstanceOf(Decision.Approve.class);
  }

  @Test
  void keepsTheFirstClaimWhenANodeReportsAgain() {
    report("b", "127.10.0.2");
    report("c", "127.10.0.2");
    report("b", "127.10.0.3", "127.10.0.2");

    assertThat(decide("system:node:b", "b", "127.10.0.2")).isInstanceOf(Decision.Approve.class);
    assertForeign("is claimed by node b too", decide("system:node:c", "c", "127.10.0.2"));
  }

  @Test
  void passesAnAddressOnWhenItsNodeIsGoneOrHasMoved() {
    report("b", "127.10.0.1");
    claims.deleted(node("a", "127.10.0.1"));
    assertThat(decide("system:node:b", "b", "127.10.0.1")).isInstanceOf(Decision.Approve.class);

    report("c", "127.10.0.1");
    report("b", "127.10.0.2");
    assertThat(decide("system:node:c", "c", "127.10.0.1")).isInstanceOf(Decision.Approve.class);
  }

  @Test
  void trustsNeitherOfTwoNodesThatHadAnAddressWhenItBegan() {
    started.set(false);
    report("b", "127.10.0.1");
    started.set(true);

    assertForeign("is claimed by node a too", decide("system:node:b", "b", "127.10.0.1"));
    assertForeign("is claimed by node b too", decide("system:node:a", "a", "127.10.0.1"));
  }

  @Test
  void deniesTheApiserversAddressesAndThoseOfServices() {
    report("b", "127.10.0.9", "127.96.0.1", "127.10.96.7", "127.10.0.2");

    assertForeign("is the apiserver's", decide("system:node:b", "b", "127.10.0.9"));
    assertForeign("is the apiserver's", decide("system:node:b", "b", "127.96.0.1"));
    assertForeign("service addresses", decide("system:node:b", "b", "127.10.96.7"));
  }

  @Test
  void deniesAddressesOutsideTheRangesOfNodes() {
    report("b", "10.0.0.1", "::1", "127.11.0.1");

    assertForeign("outside the ranges", decide("system:node:b", "b", "10.0.0.1"));
    assertForeign("outside the ranges", decide("system:node:b", "b", "::1"));
    assertForeign("outside the ranges", decide("system:node:b", "b", "127.11.0.1"));
  }

  @Test
  void waitsUntilItKnowsTheNodesAndTheApiserver() {
    started.set(false);
    assertThat(decide("system:node:a", "a", "127.10.0.1")).isInstanceOf(Decision.Later.class);
    started.set(true);
    apiserver = Set.of();
    assertThat(decide("system:node:a", "a", "127.10.0.1")).isInstanceOf(Decision.Later.class);
  }

  @Test
  void deniesANodeThatAsksForAnother() {
    assertDenied("NotOwnName", decide("system:node:b", "a", "a"));
    assertDenied("NotOwnName", decide("system:bootstrap:abcdef", "a", "a"));
  }

  @Test
  void deniesWhatTheSignerWouldNeverSign() {
    assertDenied("SignerValidationFailure", decide("system:node:a", "a"));
  }

  @Test
  void waitsForANodeThatHasNotReportedYetButNotForEver() {
    var request = request("system:node:c", "c", "c");
    assertThat(approver(CREATED.plusSeconds(5)).decide(request)).isInstanceOf(Decision.Later.class);
    assertDenied("NodeUnknown", approver(CREATED.plusSeconds(90)).decide(request));
    var silent = request("system:node:silent", "silent", "silent");
    assertThat(approver(CREATED.plusSeconds(5)).decide(silent)).isInstanceOf(Decision.Later.class);
    assertDenied("NodeUnknown", approver(CREATED.plusSeconds(90)).decide(silent));
  }

  @Test
  void leavesRequestsForOtherSigners() {
    var request = request("system:node:a", "a", "a");
    request.object().getSpec().setSignerName("kubernetes.io/legacy-unknown");
    assertThat(approver(CREATED).decide(request)).isInstanceOf(Decision.Leave.class);
  }

  @Test
  void deniesGarbage() {
    var request = request("system:node:a", "a", "a");
    request.object().getSpec().setRequest("bm90IGEgcmVxdWVzdA==");
    assertDenied("SignerValidationFailure", approver(CREATED).decide(request));
  }

  private static void assertDenied(String reason, Decision decision) {
    assertThat(decision)
        .isInstanceOfSatisfying(
            Decision.Deny.class, deny -> assertThat(deny.reason()).isEqualTo(reason));
  }

  private static void assertForeign(String message, Decision decision) {
    assertDenied("ForeignName", decision);
    assertThat(((Decision.Deny) decision).message()).contains(message);
  }

  private Decision decide(String username, String node, String... names) {
    return approver(CREATED).decide(request(username, node, names));
  }

  private KubeletServingApprover approver(Instant now) {
    return new KubeletServingApprover(
        claims,
        new KubeletServingRanges(
            List.of(AddressRange.parse("127.10.0.0/16"), AddressRange.parse("127.96.0.0/16")),
            List.of(AddressRange.parse("127.10.96.0/24"))),
        () -> apiserver,
        Clock.fixed(now, ZoneOffset.UTC));
  }

  private void report(String name, String... addresses) {
    claims.updated(null, node(name, addresses));
  }

  /** Makes a node that has these names and addresses, each of every type. */
  private static Item<Node> node(String name, String... addresses) {
    var tree = Json.object();
    tree.putObject("metadata").put("name", name);
    var list = tree.putObject("status").putArray("addresses");
    for (var address : addresses) {
      for (var type : List.of("Hostname", "InternalDNS", "InternalIP")) {
        list.addObject().put("type", type).put("address", address);
      }
    }
    return new Item<>(new Item.Key("", name), "uid", "1", Json.convert(tree, Node.class));
  }

  private static Request request(String username, String node, String... names) {
    var pem =
        Csr.create(
            new Subject("system:node:" + node, "system:nodes"),
            SubjectAltNames.of(names),
            KeyPairs.generate());
    var tree = Json.object();
    tree.putObject("metadata").put("name", "csr-1").put("creationTimestamp", CREATED.toString());
    var spec = tree.putObject("spec");
    spec.put("signerName", "kubernetes.io/kubelet-serving")
        .put("username", username)
        .put(
            "request", Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)));
    spec.putArray("groups").add("system:nodes").add("system:authenticated");
    spec.putArray("usages").add("digital signature").add("server auth");
    return new Request(Json.convert(tree, CertificateSigningRequest.class));
  }
}
