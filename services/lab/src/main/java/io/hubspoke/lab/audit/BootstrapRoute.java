package io.hubspoke.lab.audit;

import io.fabric8.kubernetes.api.model.certificates.v1.CertificateSigningRequest;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.ListOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.BootstrapToken;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.runtime.Component;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * N1: a new kubelet joins by bootstrap token and gets its client certificate ("TLS bootstrapping").
 */
public final class BootstrapRoute implements Route {
  @Override
  public String id() {
    return "N1";
  }

  @Override
  public String title() {
    return "kubelet TLS bootstrap";
  }

  @Override
  public Posture posture() {
    return Posture.DEFAULT;
  }

  @Override
  public String egress() {
    return "-";
  }

  @Override
  public Map<Property, Boolean> expectation() {
    return Map.of(
        Property.REACHABLE, true,
        Property.ENCRYPTED, true,
        Property.SERVER_VERIFIED, true,
        Property.CLIENT_AUTHENTICATED, true,
        Property.AUTHORIZED, true);
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var token = mesh.createToken(Instant.now().plus(Duration.ofHours(1)));
    var number = mesh.nodes().size() + 1;
    var name = "joiner-" + token.id();
    var wire = mesh.nodesUplink();
    var interceptor = Checks.intercept(mesh, wire, new Alteration.None());
    var joining = mesh.addNode(name, number, token);
    try {
      verdicts.put(
          Property.SERVER_VERIFIED,
          Checks.serverVerified(interceptor, mesh.addresses().nodeAdvertises(number)));
      // The token is the canary: a secret that nothing else carries.
      var recording = Checks.tap(wire);
      var ready =
          Checks.eventually(
              Checks.PATIENCE, () -> Nodes.isReady(mesh, name), Boolean::booleanValue);
      var request = request(mesh, token);
      verdicts.put(Property.REACHABLE, reachable(ready, request));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, token.secret()));
      Checks.release(wire);
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, token, request));
      verdicts.put(Property.AUTHORIZED, authorized(mesh, token, request));
      return verdicts;
    } finally {
      Checks.release(wire);
      Component.await(interceptor.close());
      if (joining.isComplete()) {
        mesh.removeNode(name);
      }
      Component.await(
          mesh.admin()
              .delete(
                  Resource.SECRETS,
                  "kube-system",
                  "bootstrap-token-" + token.id(),
                  DeleteOptions.DEFAULT)
              .otherwiseEmpty());
    }
  }

  /** The node's own request, as the apiserver noted who sent it; null when there is none. */
  private static CertificateSigningRequest request(Mesh mesh, BootstrapToken token)
      throws Exception {
    return Component.await(
            mesh.admin().list(Resource.CERTIFICATE_SIGNING_REQUESTS, ListOptions.ALL))
        .objects()
        .stream()
        .filter(csr -> ("system:bootstrap:" + token.id()).equals(csr.getSpec().getUsername()))
        .findFirst()
        .orElse(null);
  }

  private static Verdict reachable(boolean ready, CertificateSigningRequest request) {
    var signed =
        request != null
            && request.getStatus() != null
            && request.getStatus().getCertificate() != null;
    var evidence = Checks.evidence().put("nodeReady", ready).put("certificateSigned", signed);
    if (request != null) {
      evidence
          .put("request", request.getMetadata().getName())
          .put("signer", request.getSpec().getSignerName());
    }
    return Verdict.of(ready && signed, evidence);
  }

  private static Verdict authenticated(
      Mesh mesh, BootstrapToken token, CertificateSigningRequest request) throws Exception {
    var evidence = Checks.evidence();
    var url = Nodes.server(mesh) + "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    var expired = mesh.createToken(Instant.now().minus(Duration.ofMinutes(1)));
    var wrong = BootstrapToken.create(Instant.now());
    var refused = true;
    for (var attempt :
        Map.of(
                "noToken",
                "",
                "wrongSecret",
                token.id() + "." + wrong.secret(),
                "unknownToken",
                wrong.value(),
                "expiredToken",
                expired.value())
            .entrySet()) {
      try (var probe =
          attempt.getValue().isEmpty() ? Probe.anonymous() : Probe.withToken(attempt.getValue())) {
        var answer = probe.get(url);
        evidence.put(attempt.getKey(), answer.brief());
        refused &= Checks.unauthenticated(answer);
      }
    }
    Component.await(
        mesh.admin()
            .delete(
                Resource.SECRETS,
                "kube-system",
                "bootstrap-token-" + expired.id(),
                DeleteOptions.DEFAULT));
    var seen =
        request != null
            && request.getSpec().getGroups() != null
            && request.getSpec().getGroups().contains("system:bootstrappers");
    if (request != null) {
      evidence
          .put("seenAs", request.getSpec().getUsername())
          .put("groups", String.valueOf(request.getSpec().getGroups()));
    }
    return Verdict.of(refused && seen, evidence);
  }

  private static Verdict authorized(
      Mesh mesh, BootstrapToken token, CertificateSigningRequest request) throws Exception {
    var evidence = Checks.evidence().put("ownRequestAccepted", request != null);
    var server = Nodes.server(mesh);
    var confined = true;
    try (var probe = Probe.withToken(token.value())) {
      for (var path :
          List.of(
              "/api/v1/nodes",
              "/api/v1/namespaces/kube-system/secrets",
              "/api/v1/pods",
              "/apis/rbac.authorization.k8s.io/v1/clusterroles")) {
        var answer = probe.get(server + path);
        evidence.put("GET " + path, answer.brief());
        confined &= answer.status() == 403;
      }
      var inside = probe.get(server + "/apis/certificates.k8s.io/v1/certificatesigningrequests");
      evidence.put("GET certificatesigningrequests", inside.status());
      return Verdict.of(confined && request != null && inside.status() == 200, evidence);
    }
  }
}
