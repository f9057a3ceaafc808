package io.hubspoke.controllermanager.certificates;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.hubspoke.api.Json;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import org.junit.jupiter.api.Test;

class KubeletServingApproverTest {
  private static final Instant CREATED = Instant.parse("2026-01-01T00:00:00Z");

  @Test
  void approvesTheNodesOwnNameAndAddresses() {
    assertThat(decide("system:node:a", "a", "a", "a.internal", "127.10.0.1"))
        .isInstanceOf(Decision.Approve.class);
  }

  @Test
  void deniesEveryNameThatIsNotTheNodesOwn() {
    assertDenied("ForeignName", decide("system:node:a", "a", "a", "b"));
    assertDenied("ForeignName", decide("system:node:a", "a", "kubernetes.default.svc"));
    assertDenied("ForeignName", decide("system:node:a", "a", "127.10.0.1", "127.0.10.1"));
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

  private static Decision decide(String username, String node, String... names) {
    return approver(CREATED).decide(request(username, node, names));
  }

  private static KubeletServingApprover approver(Instant now) {
    var node =
        Json.convert(
            Json.parseObject(
                """
                {"metadata": {"name": "a"}, "status": {"addresses": [
                  {"type": "Hostname", "address": "a.internal"},
                  {"type": "InternalIP", "address": "not an address"},
                  {"type": "InternalIP", "address": "127.10.0.1"}]}}
                """
                    .getBytes(StandardCharsets.UTF_8)),
            Node.class);
    return new KubeletServingApprover(
        name -> name.equals("a") ? node : null, Clock.fixed(now, ZoneOffset.UTC));
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
