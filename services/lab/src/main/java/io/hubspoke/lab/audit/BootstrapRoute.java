package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.BootstrapToken;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.runtime.Component;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * N1: a new kubelet joins by bootstrap token, gets its client certificate, and then one to serve
 * with ("TLS bootstrapping").
 */
public final class BootstrapRoute implements NodeToControlPlane {
  /** Long enough for one request before it ends; the token's time has whole seconds. */
  private static final Duration SHORT_LIFE = Duration.ofSeconds(3);

  /** For a machine that is too busy for that. */
  private static final Duration LONGER_LIFE = Duration.ofSeconds(15);

  @Override
  public String id() {
    return "N1";
  }

  @Override
  public String title() {
    return "kubelet TLS bootstrap";
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var token = mesh.createToken(Instant.now().plus(Duration.ofHours(1)));
    var number = mesh.nodes().size() + 1;
    var name = "joiner-" + token.id();
    var address = mesh.addresses().nodeAdvertises(number);
    var wire = mesh.nodesUplink();
    // While a node joins its time passes.
    var expiring = Expiring.create(mesh);
    var interceptor = Checks.intercept(mesh, wire, new Alteration.None());
    var joining =
        mesh.addNode(name, number, token, kubelet -> kubelet.rotateServerCertificates(true));
    try {
      verdicts.put(Property.SERVER_VERIFIED, Checks.serverVerified(interceptor, address));
      Component.await(joining);
      var path = PathWatch.toApiserver(mesh, wire);
      // The token is the canary: a secret that nothing else carries.
      var recording = Checks.tap(wire);
      var ready =
          Checks.eventually(
              Checks.PATIENCE, () -> Nodes.isReady(mesh, name), Boolean::booleanValue);
      var request =
          new Requests(mesh)
              .of("system:bootstrap:" + token.id(), Requests.Signer.KUBELET_CLIENT)
              .orElse(null);
      verdicts.put(Property.PATH, path.openedBy(Nodes.addresses(mesh)));
      verdicts.put(Property.REACHABLE, reachable(mesh, name, ready, request));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, token.secret()));
      Checks.release(wire);
      // This first: the other one waits for a token's end.
      verdicts.put(Property.AUTHORIZED, authorized(mesh, name, token, request));
      verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, token, expiring, request));
      return verdicts;
    } finally {
      Checks.release(wire);
      Component.await(interceptor.close());
      if (joining.isComplete()) {
        mesh.removeNode(name);
      }
      deleteToken(mesh, token);
      deleteToken(mesh, expiring.token());
    }
  }

  private static Verdict reachable(Mesh mesh, String name, boolean ready, ObjectNode request)
      throws Exception {
    var signed = request != null && Requests.isSigned(request);
    var evidence = Checks.evidence().put("nodeReady", ready).put("certificateSigned", signed);
    if (request != null) {
      evidence
          .put("request", Requests.name(request))
          .put("signer", Requests.Signer.KUBELET_CLIENT.signerName());
    }
    var serving = evidence.putObject("servingCertificate");
    return Verdict.of(ready && signed && serves(mesh, name, serving), evidence);
  }

  /**
   * Kubernetes approves no serving certificate by itself ("Certificate rotation"): the
   * administrator does, and then the kubelet serves with what was signed.
   */
  private static boolean serves(Mesh mesh, String name, ObjectNode evidence) throws Exception {
    var requests = new Requests(mesh);
    var sent =
        Checks.eventually(
            Checks.PATIENCE,
            () -> requests.of("system:node:" + name, Requests.Signer.KUBELET_SERVING),
            Optional::isPresent);
    if (sent.isEmpty()) {
      evidence.put("request", "none was sent");
      return false;
    }
    var request = sent.get();
    evidence
        .put("request", Requests.name(request))
        .put("signer", Requests.Signer.KUBELET_SERVING.signerName())
        .put("beforeApproval", Requests.decision(request));
    if (Requests.isSigned(request)) {
      return false;
    }
    requests.approve(request);
    var signed = requests.signed(Requests.name(request));
    evidence.put("afterApproval", Requests.decision(requests.get(Requests.name(request))));
    var node = mesh.nodes().get(name);
    return signed
        && Checks.eventually(
            Checks.PATIENCE,
            () -> Handshake.verifies(mesh.authority(), node.advertises(), node.port(), evidence),
            Boolean::booleanValue);
  }

  private static Verdict authenticated(
      Mesh mesh, BootstrapToken token, Expiring expiring, ObjectNode request) throws Exception {
    var evidence = Checks.evidence();
    var url = Nodes.server(mesh) + Requests.PATH;
    var wrong = BootstrapToken.create(Instant.now());
    var refused = expiring.ends(mesh, url, evidence);
    for (var attempt :
        Map.of(
                "noToken",
                "",
                "wrongSecret",
                token.id() + "." + wrong.secret(),
                "unknownToken",
                wrong.value())
            .entrySet()) {
      try (var probe =
          attempt.getValue().isEmpty()
              ? Probe.anonymous(mesh)
              : Probe.withToken(mesh, attempt.getValue())) {
        var answer = probe.get(url);
        evidence.put(attempt.getKey(), answer.brief());
        refused &=
            attempt.getValue().isEmpty()
                ? Checks.isNobody(mesh, answer)
                : Checks.unauthenticated(answer);
      }
    }
    var groups = request == null ? "" : request.at("/spec/groups").toString();
    if (request != null) {
      evidence.put("seenAs", request.at("/spec/username").asText()).put("groups", groups);
    }
    return Verdict.of(refused && groups.contains("\"system:bootstrappers\""), evidence);
  }

  /** A token that ends soon, and what its holder was answered before. */
  private record Expiring(BootstrapToken token, Probe.Answer before) {
    static Expiring create(Mesh mesh) throws Exception {
      var expiring = create(mesh, SHORT_LIFE);
      if (Instant.now().isBefore(expiring.token.expiration())) {
        return expiring;
      }
      deleteToken(mesh, expiring.token);
      return create(mesh, LONGER_LIFE);
    }

    private static Expiring create(Mesh mesh, Duration life) throws Exception {
      var token = mesh.createToken(Instant.now().plus(life));
      try (var holder = Probe.withToken(mesh, token.value())) {
        return new Expiring(token, holder.get(Nodes.server(mesh) + Requests.PATH));
      }
    }

    /** Whether it lets its holder in until it expires, and not after. */
    boolean ends(Mesh mesh, String url, ObjectNode evidence) throws Exception {
      try (var holder = Probe.withToken(mesh, token.value())) {
        var after =
            Checks.eventually(Checks.PATIENCE, () -> holder.get(url), Checks::unauthenticated);
        evidence
            .put("beforeItsTokenExpired", before.status())
            .put("expiredToken", after.brief())
            .put("afterExpiryBy", Duration.between(token.expiration(), Instant.now()).toString());
        return !Checks.unauthenticated(before)
            && Checks.unauthenticated(after)
            && Instant.now().isAfter(token.expiration());
      }
    }
  }

  private static Verdict authorized(
      Mesh mesh, String name, BootstrapToken token, ObjectNode request) throws Exception {
    var evidence = Checks.evidence().put("ownRequestAccepted", request != null);
    var server = Nodes.server(mesh);
    var confined = true;
    try (var probe = Probe.withToken(mesh, token.value())) {
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
      var inside = probe.get(server + Requests.PATH);
      evidence.put("GET certificatesigningrequests", inside.status());
      confined &= inside.status() == 200;
    }
    var others = NodeNames.refused(mesh, name, Requests.Signer.KUBELET_CLIENT, evidence);
    return Verdict.of(confined && request != null && others, evidence);
  }

  private static void deleteToken(Mesh mesh, BootstrapToken token) throws Exception {
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
