package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.pki.Csr;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Subject;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** CertificateSigningRequests that measurements send, find and approve. */
record Requests(Mesh mesh) {
  private static final Resource<ObjectNode> RESOURCE = Resource.CERTIFICATE_SIGNING_REQUESTS.tree();
  static final String PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

  /** Who signs, and for what use. */
  enum Signer {
    KUBELET_CLIENT("kubernetes.io/kube-apiserver-client-kubelet", "client auth"),
    KUBELET_SERVING("kubernetes.io/kubelet-serving", "server auth");

    private final String signerName;
    private final String usage;

    Signer(String signerName, String usage) {
      this.signerName = signerName;
      this.usage = usage;
    }

    String signerName() {
      return signerName;
    }
  }

  /** Makes a request for a node's name, with a key that nobody keeps. */
  static ObjectNode forNode(String request, String node, Signer signer, List<String> altNames) {
    var pem =
        Csr.create(
            new Subject("system:node:" + node, "system:nodes"),
            altNames.isEmpty() ? SubjectAltNames.NONE : SubjectAltNames.of(altNames),
            KeyPairs.generate());
    var object =
        Json.object()
            .put("apiVersion", "certificates.k8s.io/v1")
            .put("kind", "CertificateSigningRequest");
    object.putObject("metadata").put("name", request);
    var spec =
        object
            .putObject("spec")
            .put("signerName", signer.signerName)
            .put(
                "request",
                Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.UTF_8)));
    spec.putArray("usages").add("digital signature").add(signer.usage);
    return object;
  }

  /** Finds what a user asked of a signer, as the apiserver noted who sent it. */
  Optional<ObjectNode> of(String user, Signer signer) throws Exception {
    return Component.await(mesh.admin().list(RESOURCE, ListOptions.ALL)).objects().stream()
        .filter(request -> request.at("/spec/username").asText().equals(user))
        .filter(request -> request.at("/spec/signerName").asText().equals(signer.signerName))
        .findFirst();
  }

  /** Sends a request as the administrator. */
  ObjectNode create(ObjectNode request) throws Exception {
    return Component.await(mesh.admin().create(RESOURCE, "", request));
  }

  /** Approves as the administrator, the way that {@code kubectl certificate approve} does. */
  void approve(ObjectNode request) throws Exception {
    request
        .withObject("/status")
        .withArray("conditions")
        .addObject()
        .put("type", "Approved")
        .put("status", "True")
        .put("reason", "Audit")
        .put("message", "approved by the route audit");
    Component.await(
        mesh.admin().updateSubresource(RESOURCE, "", name(request), "approval", request));
  }

  /** Waits until the request is signed; returns whether it is. */
  boolean signed(String name) throws Exception {
    return Checks.eventually(
        Checks.PATIENCE, () -> isSigned(get(name)), signed -> signed.booleanValue());
  }

  ObjectNode get(String name) throws Exception {
    return Component.await(mesh.admin().get(RESOURCE, "", name));
  }

  void delete(String name) throws Exception {
    Component.await(
        mesh.admin()
            .delete(RESOURCE, "", name, DeleteOptions.DEFAULT)
            .<Void>mapEmpty()
            .otherwiseEmpty());
  }

  static String name(ObjectNode request) {
    return request.at("/metadata/name").asText();
  }

  static boolean isSigned(ObjectNode request) {
    return !request.at("/status/certificate").asText().isEmpty();
  }

  /** What was decided: the last condition with its message, or that it is pending. */
  static String decision(ObjectNode request) {
    var text = "pending";
    for (var condition : request.at("/status/conditions")) {
      text = condition.path("type").asText() + ": " + condition.path("message").asText();
    }
    return text + (isSigned(request) ? ", signed" : ", not signed");
  }

  /** Whether the request has one of the conditions that end it unsigned. */
  static boolean isRefused(ObjectNode request) {
    for (var condition : request.at("/status/conditions")) {
      if (List.of("Denied", "Failed").contains(condition.path("type").asText())) {
        return !isSigned(request);
      }
    }
    return false;
  }
}
