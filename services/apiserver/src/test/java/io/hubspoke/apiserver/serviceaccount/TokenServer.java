package io.hubspoke.apiserver.serviceaccount;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.ApiserverOptions;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import io.hubspoke.pki.KeyPairs;
import io.hubspoke.pki.Pem;
import io.hubspoke.tokens.TokenKey;
import io.hubspoke.tokens.TokenSigner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.List;
import java.util.function.UnaryOperator;

/** An apiserver that issues tokens, and the keys it does it with. */
final class TokenServer implements AutoCloseable {
  static final String ISSUER = "https://kubernetes.default.svc";

  final KeyPair pair;
  final TestApiserver server;
  final Client admin;

  TokenServer(Path dir) throws Exception {
    this(dir, KeyPairs.generate(), options -> options);
  }

  TokenServer(Path dir, KeyPair pair, UnaryOperator<ServiceAccountOptions> change)
      throws Exception {
    this.pair = pair;
    Path key = dir.resolve("sa.key");
    Pem.writePrivateKey(key, pair.getPrivate());
    Files.writeString(dir.resolve("sa.pub"), Pem.encode(pair.getPublic()));
    ServiceAccountOptions accounts =
        change.apply(ServiceAccountOptions.of(ISSUER, key, dir.resolve("sa.pub")));
    server = new TestApiserver(dir, options -> with(options, accounts));
    admin = server.admin();
  }

  private static ApiserverOptions with(ApiserverOptions options, ServiceAccountOptions accounts) {
    return options.with(options.authn().with(accounts));
  }

  /** Signs what it is told, as the server would. */
  TokenSigner signer() {
    return signer(pair);
  }

  static TokenSigner signer(KeyPair pair) {
    return new TokenSigner(null, TokenKey.of(pair.getPublic()), pair.getPrivate());
  }

  /** Makes a service account in {@code default} and returns its UID. */
  String account(String name) throws Exception {
    ObjectNode account = Json.object().put("apiVersion", "v1").put("kind", "ServiceAccount");
    account.putObject("metadata").put("name", name);
    Answer made = admin.post("/api/v1/namespaces/default/serviceaccounts", account);
    assertThat(made.code()).as(made.text()).isEqualTo(201);
    return made.json().at("/metadata/uid").asText();
  }

  Answer request(Client as, String account, ObjectNode spec) throws Exception {
    ObjectNode body =
        Json.object().put("apiVersion", "authentication.k8s.io/v1").put("kind", "TokenRequest");
    body.set("spec", spec);
    return as.post("/api/v1/namespaces/default/serviceaccounts/" + account + "/token", body);
  }

  /** Returns a token for the account. */
  String token(String account, ObjectNode spec) throws Exception {
    Answer answer = request(admin, account, spec);
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
    return answer.json().at("/status/token").asText();
  }

  /** Makes a pod that runs as the account, on the node when it is not null; returns its UID. */
  String pod(String name, String account, String node) throws Exception {
    ObjectNode pod = Json.object().put("apiVersion", "v1").put("kind", "Pod");
    pod.putObject("metadata").put("name", name);
    ObjectNode spec = pod.putObject("spec").put("serviceAccountName", account);
    if (node != null) {
      spec.put("nodeName", node);
    }
    spec.putArray("containers").addObject().put("name", "main").put("image", "hubspoke/pause");
    Answer made = admin.post("/api/v1/namespaces/default/pods", pod);
    assertThat(made.code()).as(made.text()).isEqualTo(201);
    return made.json().at("/metadata/uid").asText();
  }

  String node(String name) throws Exception {
    ObjectNode node = Json.object().put("apiVersion", "v1").put("kind", "Node");
    node.putObject("metadata").put("name", name);
    Answer made = admin.post("/api/v1/nodes", node);
    assertThat(made.code()).as(made.text()).isEqualTo(201);
    return made.json().at("/metadata/uid").asText();
  }

  int code(String token) throws Exception {
    return server.anonymous().withToken(token).get("/version").code();
  }

  ObjectNode whoami(String token) throws Exception {
    Answer answer =
        server
            .anonymous()
            .withToken(token)
            .post(
                "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                Json.object()
                    .put("apiVersion", "authentication.k8s.io/v1")
                    .put("kind", "SelfSubjectReview"));
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
    return (ObjectNode) answer.json().at("/status/userInfo");
  }

  ObjectNode review(String token, List<String> audiences) throws Exception {
    ObjectNode review =
        Json.object().put("apiVersion", "authentication.k8s.io/v1").put("kind", "TokenReview");
    ObjectNode spec = review.putObject("spec").put("token", token);
    audiences.forEach(spec.putArray("audiences")::add);
    Answer answer = admin.post("/apis/authentication.k8s.io/v1/tokenreviews", review);
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
    return (ObjectNode) answer.json().path("status");
  }

  static ObjectNode boundTo(String kind, String name, String uid) {
    ObjectNode spec = Json.object();
    ObjectNode ref =
        spec.putObject("boundObjectRef")
            .put("apiVersion", "v1")
            .put("kind", kind)
            .put("name", name);
    if (uid != null) {
      ref.put("uid", uid);
    }
    return spec;
  }

  @Override
  public void close() {
    server.close();
  }
}
