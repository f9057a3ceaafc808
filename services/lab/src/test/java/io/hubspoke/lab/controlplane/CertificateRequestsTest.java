package io.hubspoke.lab.controlplane;

import static io.hubspoke.lab.controlplane.ControlPlane.CSRS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.ApiException;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.PatchType;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Pem;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.testing.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateRequestsTest {
  private static final String CLIENT = "kubernetes.io/kube-apiserver-client-kubelet";
  private static final String SERVING = "kubernetes.io/kubelet-serving";
  private static final List<String> CLIENT_USAGES = List.of("digital signature", "client auth");
  private static final List<String> SERVER_USAGES = List.of("digital signature", "server auth");
  private static final KeyPair KEY = KeyPairs.generate();

  private static ControlPlane plane;
  private static ApiClient bootstrapper;
  private static ApiClient nodeA;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    plane = new ControlPlane(dir, Duration.ofMinutes(1));
    bootstrapper = plane.client("system:bootstrap:abcdef", "system:bootstrappers");
    nodeA = plane.client("system:node:a", "system:nodes");
    plane.node("a");
  }

  @AfterAll
  static void stop() throws Exception {
    plane.close();
  }

  @Test
  void signsTheClientCertificateOfANodeThatJoins() throws Exception {
    var request = request(bootstrapper, CLIENT, "b", CLIENT_USAGES);
    var certificate = issued(request);

    certificate.verify(plane.authority.certificate().getPublicKey());
    assertThat(Subject.of(certificate)).isEqualTo(new Subject("system:node:b", "system:nodes"));
    assertThat(certificate.getPublicKey()).isEqualTo(KEY.getPublic());
    assertThat(certificate.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
  }

  @Test
  void leavesANewcomerWithTheNameOfANodeThatIsThereToAnAdministrator() throws Exception {
    for (var node : List.of("taken", "retaken")) {
      plane.node(node);
      var joined = ControlPlane.json("{\"status\":{\"nodeInfo\":{\"kubeletVersion\":\"v1\"}}}");
      Await.result(plane.admin.patchStatus(ControlPlane.NODES, "", node, PatchType.MERGE, joined));
    }
    var first = request(bootstrapper, CLIENT, "taken", CLIENT_USAGES);
    var second = request(bootstrapper, CLIENT, "retaken", CLIENT_USAGES);

    var why =
        Await.until("held", () -> condition(first, "NodeNameConflict"), c -> !c.isMissingNode());
    assertThat(why.path("message").asText())
        .contains("kubectl certificate approve " + first)
        .contains("kubectl delete node taken");
    Await.until("held too", () -> !condition(second, "NodeNameConflict").isMissingNode());
    var own = plane.client("system:node:taken", "system:nodes");
    assertThat(Subject.of(issued(request(own, CLIENT, "taken", CLIENT_USAGES))).commonName())
        .isEqualTo("system:node:taken");
    assertThat(get(first).path("status").has("certificate")).isFalse();
    assertThat(get(second).path("status").has("certificate")).isFalse();

    approve(first);
    assertThat(Subject.of(issued(first)).commonName()).isEqualTo("system:node:taken");
    Await.result(plane.admin.delete(ControlPlane.NODES, "", "retaken", DeleteOptions.DEFAULT));
    assertThat(Subject.of(issued(second)).commonName()).isEqualTo("system:node:retaken");
  }

  @Test
  void renewsTheClientCertificateOfANode() throws Exception {
    var request = request(nodeA, CLIENT, "a", CLIENT_USAGES);

    assertThat(Subject.of(issued(request)).commonName()).isEqualTo("system:node:a");
    assertThat(condition(request, "Approved").path("message").asText()).contains("self kubelet");
  }

  @Test
  void signsAServingCertificateForTheNodesOwnNameAndAddress() throws Exception {
    var request = request(nodeA, SERVING, "a", SERVER_USAGES, "a", "127.10.0.1");

    assertThat(issued(request).getSubjectAlternativeNames()).hasSize(2);
  }

  @Test
  void refusesANodeThatAsksForAnother() throws Exception {
    // NodeRestriction, before there is a request.
    assertThatThrownBy(() -> request(nodeA, CLIENT, "b", CLIENT_USAGES))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(403))
        .hasMessageContaining("can only create a node CSR with CN=system:node:a");
    assertThatThrownBy(() -> request(nodeA, SERVING, "b", SERVER_USAGES, "b"))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(403))
        .hasMessageContaining("can only create a node CSR with CN=system:node:a");
  }

  @Test
  void deniesANodeThatAsksForAnotherWhereTheApiserverLetsItAsk(@TempDir Path dir) throws Exception {
    var lax =
        new ControlPlane(
            dir, Duration.ofMinutes(1), options -> options.withAdmissionPlugins(List.of()));
    try {
      lax.node("a");
      var node = lax.client("system:node:a", "system:nodes");
      for (var name :
          List.of(
              request(node, CLIENT, "b", CLIENT_USAGES),
              request(node, SERVING, "b", SERVER_USAGES, "b"))) {
        refused(lax, name, "may not request the name system:node:b");
      }
    } finally {
      lax.close();
    }
  }

  @Test
  void refusesForeignNamesInServingCertificates() throws Exception {
    refused(request(nodeA, SERVING, "a", SERVER_USAGES, "a", "127.0.0.1"), "127.0.0.1 is not one");
    refused(
        request(nodeA, SERVING, "a", SERVER_USAGES, "kubernetes.default"),
        "kubernetes.default is not one");
  }

  @Test
  void refusesAddressesThatANodeReportsButThatAreNotItsOwn() throws Exception {
    plane.node("thief", "127.10.0.1");
    refused(serving("thief", "127.10.0.1"), "127.10.0.1 is claimed by node a too");
    plane.node("server", "127.0.0.1");
    refused(serving("server", "127.0.0.1"), "127.0.0.1 is the apiserver's");
    plane.node("service", "127.96.0.1");
    refused(serving("service", "127.96.0.1"), "127.96.0.1 is the apiserver's");
    plane.node("far", "10.0.0.1");
    refused(serving("far", "10.0.0.1"), "10.0.0.1 lies outside the ranges");

    // None of which took anything from the node that was there first.
    issued(request(nodeA, SERVING, "a", SERVER_USAGES, "a", "127.10.0.1"));
  }

  @Test
  void signsNoServingCertificateForForeignNamesWhoeverApprovedIt() throws Exception {
    // While there is no such node, the request waits and an administrator is faster.
    var name = serving("late", "127.10.0.1");
    approve(name);
    plane.node("late", "127.10.0.1");

    var failed = Await.until("failed", () -> condition(name, "Failed"), c -> !c.isMissingNode());
    assertThat(failed.path("message").asText()).contains("is claimed by node a too");
    assertThat(get(name).path("status").has("certificate")).isFalse();
  }

  private static String serving(String node, String... names) throws Exception {
    var sender = plane.client("system:node:" + node, "system:nodes");
    return request(sender, SERVING, node, SERVER_USAGES, names);
  }

  @Test
  void refusesWhatTheSignersRulesForbid() throws Exception {
    refused(request(bootstrapper, CLIENT, "b", CLIENT_USAGES, "b"), "DNS subjectAltNames are not");
    refused(
        request(bootstrapper, CLIENT, "b", List.of("client auth", "server auth")),
        "usages did not match");
    refused(
        create(
            bootstrapper,
            CLIENT,
            new Subject("system:node:b", "system:masters"),
            CLIENT_USAGES,
            SubjectAltNames.NONE),
        "organization is not system:nodes");
    refused(request(nodeA, SERVING, "a", CLIENT_USAGES, "a"), "usages did not match");
  }

  @Test
  void neverSignsWhatAnAdministratorApprovedAgainstTheRules() throws Exception {
    var client = "kubernetes.io/kube-apiserver-client";
    var name = create(plane.admin, client, new Subject("u"), SERVER_USAGES, SubjectAltNames.NONE);
    approve(name);

    var failed = Await.until("failed", () -> condition(name, "Failed"), c -> !c.isMissingNode());
    assertThat(failed.path("reason").asText()).isEqualTo("SignerValidationFailure");
    assertThat(failed.path("message").asText()).contains("invalid usage");
    assertThat(get(name).path("status").has("certificate")).isFalse();
  }

  @Test
  void leavesOrdinaryClientCertificatesToAnAdministrator() throws Exception {
    var client = "kubernetes.io/kube-apiserver-client";
    var name =
        create(
            plane.admin,
            client,
            new Subject("jane", "developers"),
            CLIENT_USAGES,
            SubjectAltNames.NONE);
    // A later request is settled, so this one was looked at.
    issued(request(bootstrapper, CLIENT, "c", CLIENT_USAGES));
    assertThat(get(name).path("status").has("conditions")).isFalse();

    approve(name);
    assertThat(Subject.of(issued(name))).isEqualTo(new Subject("jane", "developers"));
  }

  private static void approve(String name) throws Exception {
    var request = get(name);
    request
        .withObject("/status")
        .withArray("conditions")
        .addObject()
        .put("type", "Approved")
        .put("status", "True")
        .put("reason", "KubectlApprove")
        .put("message", "approved by a test");
    Await.result(plane.admin.updateSubresource(CSRS, "", name, "approval", request));
  }

  private static java.security.cert.X509Certificate issued(String name) throws Exception {
    var pem =
        Await.until(
            "the certificate of " + name,
            () -> get(name).path("status").path("certificate").asText(""),
            text -> !text.isEmpty());
    var text = new String(Base64.getDecoder().decode(pem), StandardCharsets.US_ASCII);
    return Pem.parseCertificates(text).getFirst();
  }

  private static void refused(String name, String why) throws Exception {
    refused(plane, name, why);
  }

  private static void refused(ControlPlane by, String name, String why) throws Exception {
    var denied =
        Await.until("denied", () -> condition(by, name, "Denied"), c -> !c.isMissingNode());
    assertThat(denied.path("message").asText()).contains(why);
    assertThat(get(by, name).path("status").has("certificate")).isFalse();
  }

  private static JsonNode condition(String name, String type) throws Exception {
    return condition(plane, name, type);
  }

  private static JsonNode condition(ControlPlane by, String name, String type) throws Exception {
    for (var condition : get(by, name).path("status").path("conditions")) {
      if (condition.path("type").asText().equals(type)) {
        return condition;
      }
    }
    return com.fasterxml.jackson.databind.node.MissingNode.getInstance();
  }

  private static ObjectNode get(String name) throws Exception {
    return get(plane, name);
  }

  private static ObjectNode get(ControlPlane by, String name) throws Exception {
    return Await.result(by.admin.get(CSRS, "", name));
  }

  private static String request(
      ApiClient sender, String signer, String node, List<String> usages, String... names)
      throws Exception {
    return create(
        sender,
        signer,
        new Subject("system:node:" + node, "system:nodes"),
        usages,
        SubjectAltNames.of(names));
  }

  private static String create(
      ApiClient sender, String signer, Subject subject, List<String> usages, SubjectAltNames names)
      throws Exception {
    var pem = Csr.create(subject, names, KEY);
    var object =
        ControlPlane.json(
            """
            {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
             "metadata": {"generateName": "csr-"}, "spec": {}}
            """);
    var spec = object.withObject("/spec");
    spec.put("signerName", signer)
        .put(
            "request", Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)));
    var list = spec.putArray("usages");
    usages.forEach(list::add);
    return Await.result(sender.create(CSRS, "", object)).path("metadata").path("name").asText();
  }
}
