package io.hubspoke.lab.audit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.client.DeleteOptions;
import io.hubspoke.client.Resource;
import io.hubspoke.lab.Mesh;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.runtime.Component;
import io.hubspoke.tokens.CompactToken;
import io.hubspoke.tokens.TokenKey;
import io.hubspoke.tokens.TokenSigner;
import java.security.KeyPair;
import java.util.Map;

/** A service account of a measurement, and tokens of it, right ones and wrong ones. */
record Account(Mesh mesh, String namespace, String name) {

  /** One in the namespace of measurements. */
  Account(Mesh mesh, String name) {
    this(mesh, Workload.NAMESPACE, name);
  }

  /** The user that its tokens stand for. */
  String user() {
    return "system:serviceaccount:" + namespace + ":" + name;
  }

  void create() throws Exception {
    var account = Json.object().put("apiVersion", "v1").put("kind", "ServiceAccount");
    account.putObject("metadata").put("name", name);
    Component.await(mesh.admin().create(Resource.SERVICE_ACCOUNTS.tree(), namespace, account));
  }

  /** Returns a new token, as {@code kubectl create token} asks for it. */
  String token() throws Exception {
    return token(Json.object());
  }

  /** Returns a new token for one audience alone. */
  String tokenFor(String audience) throws Exception {
    var spec = Json.object();
    spec.putArray("audiences").add(audience);
    return token(spec);
  }

  private String token(ObjectNode spec) throws Exception {
    var request =
        Json.object().put("apiVersion", "authentication.k8s.io/v1").put("kind", "TokenRequest");
    request.set("spec", spec);
    var answer =
        Component.await(
            mesh.admin().post(Resource.SERVICE_ACCOUNTS, namespace, name, "token", request));
    return answer.path("status").path("token").asText();
  }

  /** Returns tokens that are right in all but one thing, by what that is. */
  Map<String, String> wrongTokens() throws Exception {
    return wrongTokens(Account::token);
  }

  /** The same for who expects an audience of his own. */
  Map<String, String> wrongTokens(String audience) throws Exception {
    return wrongTokens(account -> account.tokenFor(audience));
  }

  private interface Request {
    String of(Account account) throws Exception;
  }

  private Map<String, String> wrongTokens(Request request) throws Exception {
    var genuine = CompactToken.parse(request.of(this));
    var foreign = KeyPairs.generate();
    var expired = genuine.claims().deepCopy();
    var day = 24L * 3600;
    for (var time : new String[] {"exp", "iat", "nbf"}) {
      expired.put(time, expired.path(time).asLong() - day);
    }
    return Map.of(
        "wrongAudience",
        tokenFor("audit"),
        "expired",
        mesh.tokenSigner().sign(expired),
        "foreignSigner",
        signer(TokenKey.of(foreign.getPublic()), foreign).sign(genuine.claims()),
        "foreignSignerOfTheSameKeyId",
        signer(new TokenKey(genuine.keyId(), genuine.algorithm(), foreign.getPublic()), foreign)
            .sign(genuine.claims()),
        "deletedAccount",
        deletedAccountsToken(request));
  }

  private static TokenSigner signer(TokenKey key, KeyPair pair) {
    return new TokenSigner(null, key, pair.getPrivate());
  }

  private String deletedAccountsToken(Request request) throws Exception {
    var brief = new Account(mesh, Checks.canary());
    brief.create();
    var token = request.of(brief);
    brief.delete();
    // Another of the same name is another account.
    brief.create();
    brief.delete();
    return token;
  }

  void delete() throws Exception {
    Component.await(
        mesh.admin()
            .delete(Resource.SERVICE_ACCOUNTS.tree(), namespace, name, DeleteOptions.DEFAULT)
            .<Void>mapEmpty()
            .otherwiseEmpty());
  }
}
