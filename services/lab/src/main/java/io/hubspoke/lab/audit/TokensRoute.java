package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.ApiClient;
import io.hubspoke.client.ClientConfig;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.lab.wire.Alteration;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Kubeconfig;
import io.hubspoke.runtime.Component;
import io.hubspoke.tokens.CompactToken;
import io.hubspoke.tokens.TokenKey;
import io.hubspoke.tokens.TokenSigner;
import java.security.KeyPair;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;

/**
 * N8: requests with a service account's token, and with nothing. A client on a node shows a token
 * of the TokenRequest API; what an apiserver lets anonymous requests see is asked of one that lets
 * them in.
 */
public final class TokensRoute implements NodeToControlPlane {
  private static final String NAMESPACE = "default";
  private static final String RBAC = "rbac.authorization.k8s.io";

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
    account.create();
    try {
      return measure(mesh, account);
    } finally {
      account.delete();
    }
  }

  private static Map<Property, Verdict> measure(Mesh mesh, Account account) throws Exception {
    var verdicts = new EnumMap<Property, Verdict>(Property.class);
    var token = account.token(Json.object());
    var wire = mesh.nodesUplink();
    var from = mesh.addresses().nodeListens(1);
    var client =
        new ApiClient(
            mesh.vertx(),
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
      verdicts.put(Property.REACHABLE, account.reads(client));
      verdicts.put(Property.PATH, path.openedBy(addresses(mesh)));
      verdicts.put(Property.ENCRYPTED, Checks.encrypted(recording, account.canary));
    } finally {
      Checks.release(wire);
      Component.await(interceptor.close());
      Component.await(client.close());
    }
    verdicts.put(Property.CLIENT_AUTHENTICATED, authenticated(mesh, account, token));
    verdicts.put(Property.AUTHORIZED, authorized(mesh, account, token));
    return verdicts;
  }

  /** The kubelets' own connections cross the same wire. */
  private static Set<String> addresses(Mesh mesh) {
    var addresses = new java.util.TreeSet<String>();
    for (var n = 1; n <= mesh.nodes().size(); n++) {
      addresses.add(mesh.addresses().nodeListens(n));
    }
    return addresses;
  }

  private static Verdict authenticated(Mesh mesh, Account account, String token) throws Exception {
    var evidence = Checks.evidence();
    var server = server(mesh);
    var refused = refuses(server, "noCredentials", null, evidence);
    for (var wrong : wrongTokens(mesh, account, token).entrySet()) {
      refused &= refuses(server, wrong.getKey(), wrong.getValue(), evidence);
    }
    try (var probe = Probe.withToken(token)) {
      var seen = Checks.seenAs(probe, server, account.user(), "system:serviceaccounts", evidence);
      return Verdict.of(refused && seen, evidence);
    }
  }

  private static boolean refuses(String server, String which, String token, ObjectNode evidence)
      throws InterruptedException {
    try (var probe = token == null ? Probe.anonymous() : Probe.withToken(token)) {
      var answer = probe.get(server + "/version");
      evidence.put(which, answer.brief());
      return Checks.unauthenticated(answer);
    }
  }

  /** Tokens that are right in all but one thing, by what that is. */
  private static Map<String, String> wrongTokens(Mesh mesh, Account account, String token)
      throws Exception {
    var genuine = CompactToken.parse(token);
    var foreign = KeyPairs.generate();
    var expired = genuine.claims().deepCopy();
    var day = 24L * 3600;
    for (var time : new String[] {"exp", "iat", "nbf"}) {
      expired.put(time, expired.path(time).asLong() - day);
    }
    var wanted = Json.object();
    wanted.putArray("audiences").add("audit");
    return Map.of(
        "wrongAudience",
        account.token(wanted),
        "expired",
        mesh.tokenSigner().sign(expired),
        "foreignSigner",
        signer(TokenKey.of(foreign.getPublic()), foreign).sign(genuine.claims()),
        "foreignSignerOfTheSameKeyId",
        signer(new TokenKey(genuine.keyId(), genuine.algorithm(), foreign.getPublic()), foreign)
            .sign(genuine.claims()),
        "deletedAccount",
        deletedAccountsToken(mesh));
  }

  private static TokenSigner signer(TokenKey key, KeyPair pair) {
    return new TokenSigner(null, key, pair.getPrivate());
  }

  private static String deletedAccountsToken(Mesh mesh) throws Exception {
    var brief = new Account(mesh, Checks.canary());
    brief.create();
    var token = brief.token(Json.object());
    brief.delete();
    // Another of the same name is another account.
    brief.create();
    brief.delete();
    return token;
  }

  private static Verdict authorized(Mesh mesh, Account account, String token) throws Exception {
    var evidence = Checks.evidence();
    var server = server(mesh);
    boolean holds;
    try (var probe = Probe.withToken(token)) {
      var inside = probe.get(server + account.configMap());
      var outside = probe.get(server + "/api/v1/namespaces/" + NAMESPACE + "/secrets");
      evidence.put("ownConfigMap", inside.status()).put("secrets", outside.brief());
      holds = inside.status() == 200 && outside.status() == 403;
    }
    var open = mesh.deployBeside(options -> options.with(options.authn().withAnonymous(true)));
    try (var anonymous = Probe.anonymous()) {
      for (var path : new String[] {"/version", "/healthz", "/livez", "/readyz"}) {
        var answer = anonymous.get(open.url() + path);
        evidence.put("anonymous " + path, answer.status());
        holds &= answer.status() == 200;
      }
      for (var path : new String[] {"/api", "/metrics", "/api/v1/pods", "/openid/v1/jwks"}) {
        var answer = anonymous.get(open.url() + path);
        evidence.put("anonymous " + path, answer.brief());
        holds &= answer.status() == 403 && answer.body().contains("system:anonymous");
      }
    } finally {
      Component.await(mesh.vertx().undeploy(open.deployment()));
    }
    return Verdict.of(holds, evidence);
  }

  private static String server(Mesh mesh) {
    var address = mesh.nodesUplink().address();
    return "https://%s:%d".formatted(address.host(), address.port());
  }

  /** A service account that may read one config map, with a canary in it, and nothing else. */
  private record Account(Mesh mesh, String canary) {
    String user() {
      return "system:serviceaccount:" + NAMESPACE + ":" + canary;
    }

    String configMap() {
      return "/api/v1/namespaces/" + NAMESPACE + "/configmaps/" + canary;
    }

    void create() throws Exception {
      make(Resource.SERVICE_ACCOUNTS.tree(), object("v1", "ServiceAccount"));
      var map = object("v1", "ConfigMap");
      map.putObject("data").put("canary", canary);
      make(Resource.CONFIG_MAPS.tree(), map);
      var role = object(RBAC + "/v1", "Role");
      var rule = role.putArray("rules").addObject();
      rule.putArray("apiGroups").add("");
      rule.putArray("resources").add("configmaps");
      rule.putArray("resourceNames").add(canary);
      rule.putArray("verbs").add("get");
      make(roles(), role);
      var binding = object(RBAC + "/v1", "RoleBinding");
      binding.putObject("roleRef").put("apiGroup", RBAC).put("kind", "Role").put("name", canary);
      binding
          .putArray("subjects")
          .addObject()
          .put("kind", "ServiceAccount")
          .put("name", canary)
          .put("namespace", NAMESPACE);
      make(bindings(), binding);
    }

    private ObjectNode object(String version, String kind) {
      var object = Json.object().put("apiVersion", version).put("kind", kind);
      object.putObject("metadata").put("name", canary).put("namespace", NAMESPACE);
      return object;
    }

    private void make(Resource<ObjectNode> resource, ObjectNode object) throws Exception {
      Component.await(mesh.admin().create(resource, NAMESPACE, object));
    }

    private static Resource<ObjectNode> roles() {
      return Resource.namespaced(RBAC, "v1", "roles", ObjectNode.class);
    }

    private static Resource<ObjectNode> bindings() {
      return Resource.namespaced(RBAC, "v1", "rolebindings", ObjectNode.class);
    }

    /** Returns a new token, as {@code kubectl create token} asks for it. */
    String token(ObjectNode spec) throws Exception {
      var request =
          Json.object().put("apiVersion", "authentication.k8s.io/v1").put("kind", "TokenRequest");
      request.set("spec", spec);
      var answer =
          Component.await(
              mesh.admin().post(Resource.SERVICE_ACCOUNTS, NAMESPACE, canary, "token", request));
      return answer.path("status").path("token").asText();
    }

    Verdict reads(ApiClient client) throws Exception {
      var read = Json.parseObject(Component.await(client.raw(configMap())).getBytes());
      var evidence = Checks.evidence().put("asked", configMap());
      evidence.put("canaryRead", read.at("/data/canary").asText().equals(canary));
      return Verdict.of(read.at("/data/canary").asText().equals(canary), evidence);
    }

    void delete() throws Exception {
      for (var resource :
          new Resource<?>[] {
            bindings(), roles(), Resource.CONFIG_MAPS.tree(), Resource.SERVICE_ACCOUNTS.tree()
          }) {
        Component.await(
            mesh.admin()
                .delete(resource, NAMESPACE, canary, DeleteOptions.DEFAULT)
                .<Void>mapEmpty()
                .otherwiseEmpty());
      }
    }
  }
}
