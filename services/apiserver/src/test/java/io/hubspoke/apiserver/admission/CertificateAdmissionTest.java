package io.hubspoke.apiserver.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.Base64;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateAdmissionTest {
  private static final String CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";
  private static final String CLIENT = "kubernetes.io/kube-apiserver-client";
  private static final KeyPair KEY = KeyPairs.generate();
  private static TestApiserver server;
  private static Client admin;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, options -> options);
    admin = server.admin();
    grant("everything-but-signers", "clerk", "certificatesigningrequests*", "*", null);
    grant("one-signer", "registrar", "signers", "approve", "example.com/one");
    grant("one-signer-csrs", "registrar", "certificatesigningrequests*", "*", null);
    grant("a-domain", "notary", "signers", "sign", "example.com/*");
    grant("a-domain-csrs", "notary", "certificatesigningrequests*", "*", null);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void whoMayWriteApprovalsButNotApproveForTheSignerIsRefused() throws Exception {
    ObjectNode csr = created("a", "example.com/one");
    var refused = approve(server.client("clerk"), csr);
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .isEqualTo(
            "certificatesigningrequests.certificates.k8s.io \"a\" is forbidden: user not permitted"
                + " to approve requests with signerName \"example.com/one\"");
    assertThat(approve(server.client("notary"), csr).code()).isEqualTo(403);
    assertThat(approve(server.client("registrar"), csr).code()).isEqualTo(200);
  }

  @Test
  void approvingForOneSignerIsNotApprovingForAnother() throws Exception {
    assertThat(approve(server.client("registrar"), created("b", "example.com/two")).code())
        .isEqualTo(403);
    assertThat(approve(server.client("registrar"), created("b2", CLIENT)).code()).isEqualTo(403);
  }

  @Test
  void anApproverCannotPassHisRequestOffAsAnotherSigners() throws Exception {
    ObjectNode csr = created("c", "example.com/two");
    csr.withObject("/spec").put("signerName", "example.com/one");
    assertThat(approve(server.client("registrar"), csr).code()).isEqualTo(403);
  }

  @Test
  void aCertificateIsPutInOnlyByWhoMaySignForTheSignerOrItsDomain() throws Exception {
    ObjectNode csr = created("d", "example.com/one");
    var refused = sign(server.client("registrar"), csr);
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .endsWith("user not permitted to sign requests with signerName \"example.com/one\"");
    assertThat(sign(server.client("notary"), csr).code()).isEqualTo(200);
    ObjectNode other = created("d2", "other.example.com/one");
    assertThat(sign(server.client("notary"), other).code()).isEqualTo(403);
  }

  @Test
  void theControllerManagerApprovesAndSignsWhatItIsThereFor() throws Exception {
    var manager = server.client("system:kube-controller-manager");
    ObjectNode kubelet = created("e", "kubernetes.io/kube-apiserver-client-kubelet");
    var approved = approve(manager, kubelet);
    assertThat(approved.code()).as(approved.text()).isEqualTo(200);
    assertThat(sign(manager, approved.json()).code()).isEqualTo(200);
    assertThat(sign(manager, created("e2", "example.com/one")).code()).isEqualTo(403);
    assertThat(approve(manager, created("e3", CLIENT)).code()).isEqualTo(403);
  }

  @Test
  void administratorsDecideAboutAll() throws Exception {
    var approved = approve(admin, created("f", "example.com/one"));
    assertThat(approved.code()).isEqualTo(200);
    assertThat(sign(admin, approved.json()).code()).isEqualTo(200);
    var byRole = server.client("jane", "kubeadm:cluster-admins");
    assertThat(approve(byRole, created("f2", CLIENT)).code()).isEqualTo(200);
  }

  @Test
  void aKubeletCannotApproveItself() throws Exception {
    ObjectNode csr = csr("g", "kubernetes.io/kube-apiserver-client-kubelet", "system:nodes");
    var own = server.node("n1").post(CSRS, csr);
    assertThat(own.code()).isEqualTo(201);
    assertThat(approve(server.node("n1"), own.json()).code()).isEqualTo(403);
  }

  @Test
  void nobodyRequestsAClientCertificateOfMasters() throws Exception {
    var refused = admin.post(CSRS, csr("h", CLIENT, "developers", "system:masters"));
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .isEqualTo(
            "certificatesigningrequests.certificates.k8s.io \"h\" is forbidden: use of"
                + " kubernetes.io/kube-apiserver-client signer with system:masters group is not"
                + " allowed");
    assertThat(admin.get(CSRS + "/h").code()).isEqualTo(404);
    assertThat(admin.post(CSRS, csr("h", CLIENT, "developers")).code()).isEqualTo(201);
    assertThat(admin.post(CSRS, csr("h2", "example.com/one", "system:masters")).code())
        .isEqualTo(201);
  }

  @Test
  void whatCannotBeReadIsNotGuessedAt() throws Exception {
    ObjectNode broken = csr("i", CLIENT, "system:masters");
    broken.withObject("/spec").put("request", base64("-----BEGIN CERTIFICATE REQUEST-----\nAAAA"));
    assertThat(admin.post(CSRS, broken).code()).isEqualTo(403);
    broken.withObject("/spec").put("request", "%%%");
    assertThat(admin.post(CSRS, broken).code()).isEqualTo(400);
    broken.withObject("/spec").remove("request");
    assertThat(admin.post(CSRS, broken).code()).isBetween(400, 499);
  }

  private static Answer approve(Client client, ObjectNode csr) throws Exception {
    ObjectNode decided = csr.deepCopy();
    decided
        .withObject("/status")
        .withArray("conditions")
        .addObject()
        .put("type", "Approved")
        .put("status", "True")
        .put("reason", "Test")
        .put("message", "approved by a test");
    return client.put(path(csr) + "/approval", decided);
  }

  private static Answer sign(Client client, ObjectNode csr) throws Exception {
    ObjectNode signed = csr.deepCopy();
    signed.withObject("/status").put("certificate", base64("a certificate"));
    return client.put(path(csr) + "/status", signed);
  }

  private static ObjectNode created(String name, String signer) throws Exception {
    var answer = admin.post(CSRS, csr(name, signer, "developers"));
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
    return answer.json();
  }

  private static ObjectNode csr(String name, String signer, String... groups) {
    ObjectNode csr =
        Json.object()
            .put("apiVersion", "certificates.k8s.io/v1")
            .put("kind", "CertificateSigningRequest");
    csr.putObject("metadata").put("name", name);
    String pem = Csr.create(new Subject("system:node:n1", groups), SubjectAltNames.NONE, KEY);
    ObjectNode spec = csr.putObject("spec").put("signerName", signer).put("request", base64(pem));
    spec.putArray("usages").add("client auth");
    return csr;
  }

  private static void grant(String role, String user, String resource, String verb, String name)
      throws Exception {
    ObjectNode object =
        Json.object().put("apiVersion", "rbac.authorization.k8s.io/v1").put("kind", "ClusterRole");
    object.putObject("metadata").put("name", role);
    ObjectNode rule = object.putArray("rules").addObject();
    rule.putArray("apiGroups").add("certificates.k8s.io");
    rule.putArray("verbs").add(verb);
    if (resource.endsWith("*")) {
      String plural = resource.substring(0, resource.length() - 1);
      rule.putArray("resources").add(plural).add(plural + "/approval").add(plural + "/status");
    } else {
      rule.putArray("resources").add(resource);
    }
    if (name != null) {
      rule.putArray("resourceNames").add(name);
    }
    assertThat(admin.post(RBAC + "/clusterroles", object).code()).isEqualTo(201);
    ObjectNode binding =
        Json.object()
            .put("apiVersion", "rbac.authorization.k8s.io/v1")
            .put("kind", "ClusterRoleBinding");
    binding.putObject("metadata").put("name", role);
    binding.putObject("roleRef").put("kind", "ClusterRole").put("name", role);
    binding.putArray("subjects").addObject().put("kind", "User").put("name", user);
    assertThat(admin.post(RBAC + "/clusterrolebindings", binding).code()).isEqualTo(201);
  }

  private static String path(ObjectNode csr) {
    return CSRS + "/" + csr.path("metadata").path("name").asText();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
