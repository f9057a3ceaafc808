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
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeRestrictionTest {
  private static final String DEFAULT = "/api/v1/namespaces/default";
  private static final String STORAGE = "/apis/storage.k8s.io/v1";
  private static final String CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  private static TestApiserver server;
  private static Client admin;
  private static Client node;
  private static Client other;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, options -> options);
    admin = server.admin();
    node = server.node("n1");
    other = server.node("n2");
    for (String name : List.of("n1", "n2")) {
      made(
          admin.post(
              "/api/v1/nodes",
              parse(
                  "{\"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": {\"name\": \"%s\"}}"
                      .formatted(name))));
    }
    made(
        admin.post(
            DEFAULT + "/persistentvolumeclaims",
            parse(
                """
                {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                 "metadata": {"name": "data"},
                 "spec": {"accessModes": ["ReadWriteOnce"], "volumeName": "pv",
                   "resources": {"requests": {"storage": "1Gi"}}}}
                """)));
    made(
        admin.post(
            "/api/v1/persistentvolumes",
            parse(
                """
                {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv"},
                 "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"},
                   "claimRef": {"namespace": "default", "name": "data"},
                   "csi": {"driver": "disk.example.com", "volumeHandle": "1",
                     "nodeStageSecretRef": {"namespace": "kube-system", "name": "stage"}}}}
                """)));
    made(
        admin.post(
            "/api/v1/namespaces/kube-system/secrets",
            parse(
                """
                {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "stage"}}
                """)));
    made(
        admin.post(
            DEFAULT + "/pods",
            parse(
                """
                {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db"},
                 "spec": {"nodeName": "n1",
                   "containers": [{"name": "c", "image": "hubspoke/pause"}],
                   "volumes": [
                     {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}}
                """)));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aNodePublishesItsSshHostKeysWhenItJoinsAndOnlyAnAdministratorChangesThem() throws Exception {
    Client joining = server.node("n3");
    ObjectNode object =
        parse(
            """
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n3",
              "annotations": {"hubspoke.io/ssh-host-keys": "ssh-ed25519 AAAA"}}}
            """);
    made(joining.post("/api/v1/nodes", object));
    for (String path : List.of("/api/v1/nodes/n3", "/api/v1/nodes/n3/status")) {
      ObjectNode changed = joining.get("/api/v1/nodes/n3").json();
      changed
          .withObject("/metadata/annotations")
          .put("hubspoke.io/ssh-host-keys", "ssh-ed25519 BBBB");
      Answer refused = joining.put(path, changed);
      assertThat(refused.code()).as(path).isEqualTo(403);
      assertThat(refused.message())
          .contains("node \"n3\" is not allowed to modify annotation hubspoke.io/ssh-host-keys");
      changed.withObject("/metadata").remove("annotations");
      assertThat(joining.put(path, changed).code()).as(path).isEqualTo(403);
    }
    ObjectNode unchanged = joining.get("/api/v1/nodes/n3").json();
    unchanged.withObject("/metadata/annotations").put("mine", "yes");
    assertThat(joining.put("/api/v1/nodes/n3", unchanged).code()).isEqualTo(200);
    ObjectNode replaced = admin.get("/api/v1/nodes/n3").json();
    replaced
        .withObject("/metadata/annotations")
        .put("hubspoke.io/ssh-host-keys", "ssh-ed25519 BBBB");
    assertThat(admin.put("/api/v1/nodes/n3", replaced).code()).isEqualTo(200);
    assertThat(joining.delete("/api/v1/nodes/n3").code()).isEqualTo(403);
    assertThat(admin.delete("/api/v1/nodes/n3").code()).isEqualTo(200);
    object.withObject("/metadata/annotations").put("hubspoke.io/ssh-host-keys", "ssh-ed25519 C");
    made(joining.post("/api/v1/nodes", object));
    admin.delete("/api/v1/nodes/n3");
  }

  @Test
  void aNodeReadsTheClaimTheVolumeAndItsSecretOfItsPodAndNoOtherNodeDoes() throws Exception {
    for (String path :
        List.of(
            DEFAULT + "/persistentvolumeclaims/data",
            "/api/v1/persistentvolumes/pv",
            "/api/v1/namespaces/kube-system/secrets/stage")) {
      assertThat(node.get(path).code()).as(path).isEqualTo(200);
      assertThat(other.get(path).code()).as(path).isEqualTo(403);
    }
    assertThat(node.get("/api/v1/persistentvolumes").code()).isEqualTo(403);
    assertThat(node.get(DEFAULT + "/persistentvolumeclaims").code()).isEqualTo(403);
  }

  @Test
  void aNodeReportsAClaimsCapacityAndNothingElseOfIt() throws Exception {
    String path = DEFAULT + "/persistentvolumeclaims/data";
    ObjectNode claim = node.get(path).json();
    claim.withObject("/status/capacity").put("storage", "2Gi");
    var grown = node.put(path + "/status", claim);
    assertThat(grown.code()).as(grown.text()).isEqualTo(200);
    claim = node.get(path).json();
    claim.withObject("/metadata/labels").put("mine", "yes");
    var labelled = node.put(path + "/status", claim);
    assertThat(labelled.code()).isEqualTo(403);
    assertThat(labelled.message())
        .contains("is not allowed to update fields other than status.capacity");
    assertThat(other.put(path + "/status", claim).code()).isEqualTo(403);
    assertThat(node.put(path, claim).code()).isEqualTo(403);
  }

  @Test
  void aNodeReadsItsOwnAttachmentsAlone() throws Exception {
    made(
        admin.post(
            STORAGE + "/volumeattachments",
            parse(
                """
                {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttachment",
                 "metadata": {"name": "at-n1"},
                 "spec": {"attacher": "disk.example.com", "nodeName": "n1",
                   "source": {"persistentVolumeName": "pv"}}}
                """)));
    assertThat(node.get(STORAGE + "/volumeattachments/at-n1").code()).isEqualTo(200);
    assertThat(other.get(STORAGE + "/volumeattachments/at-n1").code()).isEqualTo(403);
    assertThat(node.get(STORAGE + "/volumeattachments").code()).isEqualTo(403);
  }

  @Test
  void aNodeHasItsOwnCsiNodeAlone() throws Exception {
    made(node.post(STORAGE + "/csinodes", csiNode("n1")));
    assertThat(node.get(STORAGE + "/csinodes/n1").code()).isEqualTo(200);
    assertThat(other.get(STORAGE + "/csinodes/n1").code()).isEqualTo(403);
    var refused = node.post(STORAGE + "/csinodes", csiNode("n2"));
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .contains("can only access CSINode with the same name as the requesting node");
  }

  @Test
  void aNodeAsksForCertificatesInItsOwnNameAlone() throws Exception {
    for (String signer : List.of("kubelet-serving", "kube-apiserver-client-kubelet")) {
      var refused = node.post(CSRS, csr(signer + "-n2", signer, "system:node:n2"));
      assertThat(refused.code()).isEqualTo(403);
      assertThat(refused.message()).contains("can only create a node CSR with CN=system:node:n1");
      made(node.post(CSRS, csr(signer + "-n1", signer, "system:node:n1")));
    }
  }

  @Test
  void aMirrorPodMayReferToNothing() throws Exception {
    String uid = admin.get("/api/v1/nodes/n1").json().at("/metadata/uid").asText();
    for (var reference :
        new String[][] {
          {"\"serviceAccountName\": \"default\"", "a service account"},
          {"\"imagePullSecrets\": [{\"name\": \"s\"}]", "secrets"},
          {"\"volumes\": [{\"name\": \"v\", \"configMap\": {\"name\": \"m\"}}]", "configmaps"},
          {
            "\"volumes\": [{\"name\": \"v\", \"persistentVolumeClaim\": {\"claimName\": \"data\"}}]",
            "persistentvolumeclaims"
          }
        }) {
      var refused = node.post(DEFAULT + "/pods", mirror(uid, reference[0]));
      assertThat(refused.code()).as(reference[1]).isEqualTo(403);
      assertThat(refused.message())
          .contains("node \"n1\" can not create pods that reference " + reference[1]);
    }
    made(node.post(DEFAULT + "/pods", mirror(uid, "\"hostNetwork\": true")));
  }

  private static ObjectNode mirror(String nodeUid, String more) {
    return parse(
        """
        {"apiVersion": "v1", "kind": "Pod",
         "metadata": {"name": "static-n1",
           "annotations": {"kubernetes.io/config.mirror": "x"},
           "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "%s",
             "controller": true}]},
         "spec": {"nodeName": "n1", %s,
           "containers": [{"name": "c", "image": "hubspoke/pause"}]}}
        """
            .formatted(nodeUid, more));
  }

  private static ObjectNode csiNode(String name) {
    return parse(
        """
        {"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": "%s"},
         "spec": {"drivers": []}}
        """
            .formatted(name));
  }

  private static ObjectNode csr(String name, String signer, String commonName) throws Exception {
    boolean serving = signer.equals("kubelet-serving");
    String pem =
        Csr.create(
            new Subject(commonName, "system:nodes"),
            serving ? SubjectAltNames.of("127.10.0.1") : SubjectAltNames.NONE,
            KeyPairs.generate());
    return parse(
        """
        {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
         "metadata": {"name": "%s"},
         "spec": {"signerName": "kubernetes.io/%s", "request": "%s",
           "usages": ["digital signature", "%s auth"]}}
        """
            .formatted(
                name,
                signer,
                Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)),
                serving ? "server" : "client"));
  }

  private static void made(Answer answer) {
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
  }

  private static ObjectNode parse(String json) {
    return Json.parseObject(json.getBytes(StandardCharsets.UTF_8));
  }
}
