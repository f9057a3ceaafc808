package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * N8: requests with a service account's token, and with nothing. A client on a node shows a token
 * of the TokenRequest API; what an apiserver lets anonymous requests see is asked of one that lets
 * them in.
 */
public final class TokensRoute implements NodeToControlPlane {
  @Override
  public String id() {
    return "N8";
  }

  @Override
  public String title() {
    return "account tokens, anonymous requests";
  }

  @Override
  public Map<Property, Verdict> measure(Mesh mesh) throws Exception {
    var canary = Checks.canary();
    var account = new Account(mesh, canary);
    var map = new ReadableMap(mesh, canary);
    account.create();
    map.create();
    try {
      return measure(mesh, account, map);
    } finally {
      map.delete();
      account.delete();
    }
  }

  private static Map<Property, Verdict> measure(Mesh mesh, Account account, ReadableMap map)
      throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var token = account.token();
    verdicts.putAll(mesh.deployed() ? tapped(mesh, map, token) : intercepted(mesh, map, token));
    verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, account, token));
    verdicts.put(Property.AUTHORIZED, authorized(mesh, map, token));
    return verdicts;
  }

  /** In a deployment the apiserver's name leads the audit's own pod past its wire. */
  private static Map<Property, Verdict> tapped(Mesh mesh, ReadableMap map, String token)
      throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var wire = mesh.nodesUplink();
    try (var probe = Probe.withToken(mesh, token)) {
      var path = PathWatch.toApiserver(mesh, wire);
      var recording = Checks.tap(wire);
      verdicts.put(Property.REACHABLE, map.readBy(probe, mesh.strangersUrl()));
      verdicts.put(Property.PATH, path.openedBy(addresses(mesh, mesh.stranger().address())));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, map.name()));
      verdicts.put(
          Property.SERVER_VERIFIED,
          new Verdict.NotMeasured("the apiserver's name leads this pod past the wire"));
      return verdicts;
    } finally {
      Checks.release(wire);
    }
  }

  private static Map<Property, Verdict> intercepted(Mesh mesh, ReadableMap map, String token)
      throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var wire = mesh.nodesUplink();
    var place = mesh.stranger();
    var from = place.address();
    var client =
        new ApiClient(
            place.vertx(),
            ClientConfig.of(
                    Kubeconfig.of(
                        "hubspoke", mesh.pointOfView(), "pod", Kubeconfig.User.ofToken(token)))
                .withLocalAddress(from));
    var interceptor = Checks.intercept(mesh, wire, new Alteration.None());
    try {
      Component.await(client.raw("/version").<Void>mapEmpty().otherwiseEmpty());
      verdicts.put(Property.SERVER_VERIFIED, Checks.serverVerified(interceptor, from));
      Checks.release(wire);
      var path = PathWatch.toApiserver(mesh, wire);
      var recording = Checks.tap(wire);
      verdicts.put(Property.REACHABLE, map.readBy(client));
      verdicts.put(Property.PATH, path.openedBy(addresses(mesh, from)));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, map.name()));
    } finally {
      Checks.release(wire);
      Component.await(interceptor.close());
      Component.await(client.close());
    }
    return verdicts;
  }

  /** The client's own, and those of kubelets, whose connections cross the same wire. */
  private static Set<String> addresses(Mesh mesh, String from) {
    var addresses = new HashSet<>(Nodes.addresses(mesh));
    addresses.add(from);
    return addresses;
  }

  private static Verdict authenticated(Mesh mesh, Account account, String token) throws Exception {
    var evidence = Checks.evidence();
    var server = server(mesh);
    var refused = refusesNobody(mesh, server, evidence);
    for (var wrong : account.wrongTokens().entrySet()) {
      refused &= refuses(mesh, server, wrong.getKey(), wrong.getValue(), evidence);
    }
    try (var probe = Probe.withToken(mesh, token)) {
      var seen = Checks.seenAs(probe, server, account.user(), "system:serviceaccounts", evidence);
      return Verdict.of(refused && seen, evidence);
    }
  }

  private static boolean refuses(
      Mesh mesh, String server, String which, String token, ObjectNode evidence)
      throws InterruptedException {
    try (var probe = Probe.withToken(mesh, token)) {
      var answer = probe.get(server + "/version");
      evidence.put(which, answer.brief());
      return Checks.unauthenticated(answer);
    }
  }

  /** Some paths are anybody's where anonymous requests are let in. */
  private static boolean refusesNobody(Mesh mesh, String server, ObjectNode evidence)
      throws InterruptedException {
    try (var probe = Probe.anonymous(mesh)) {
      var answer = probe.get(server + (mesh.deployed() ? "/api/v1/pods" : "/version"));
      evidence.put("noCredentials", answer.brief());
      return Checks.isNobody(mesh, answer);
    }
  }

  private static Verdict authorized(Mesh mesh, ReadableMap map, String token) throws Exception {
    var evidence = Checks.evidence();
    var server = server(mesh);
    boolean holds;
    try (var probe = Probe.withToken(mesh, token)) {
      var inside = probe.get(server + map.path());
      var outside = probe.get(server + "/api/v1/namespaces/" + Workload.NAMESPACE + "/secrets");
      evidence.put("ownConfigMap", inside.status()).put("secrets", outside.brief());
      holds = inside.status() == 200 && outside.status() == 403;
    }
    return Verdict.of(holds && anonymousSeesHealthAlone(mesh, evidence), evidence);
  }

  /** A deployment's own apiserver lets anonymous requests in. */
  private static boolean anonymousSeesHealthAlone(Mesh mesh, ObjectNode evidence) throws Exception {
    if (mesh.deployed()) {
      return anonymousSeesHealthAlone(mesh, server(mesh), evidence);
    }
    var open = mesh.deployBeside(options -> options.with(options.authn().withAnonymous(true)));
    try {
      return anonymousSeesHealthAlone(mesh, open.url(), evidence);
    } finally {
      mesh.end(open);
    }
  }

  private static boolean anonymousSeesHealthAlone(Mesh mesh, String server, ObjectNode evidence)
      throws InterruptedException {
    var holds = true;
    try (var anonymous = Probe.anonymous(mesh)) {
      for (var path : new String[] {"/version", "/healthz", "/livez", "/readyz"}) {
        var answer = anonymous.get(server + path);
        evidence.put("anonymous " + path, answer.status());
        holds &= answer.status() == 200;
      }
      for (var path : new String[] {"/api", "/metrics", "/api/v1/pods", "/openid/v1/jwks"}) {
        var answer = anonymous.get(server + path);
        evidence.put("anonymous " + path, answer.brief());
        holds &= answer.status() == 403 && answer.body().contains("system:anonymous");
      }
    }
    return holds;
  }

  private static String server(Mesh mesh) {
    var address = mesh.nodesUplink().address();
    return "https://%s:%d".formatted(address.host(), address.port());
  }
}
