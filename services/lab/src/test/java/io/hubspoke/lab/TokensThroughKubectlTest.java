package io.hubspoke.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.lab.MeshOptions.Changes;
import io.hubspoke.lab.MeshOptions.Posture;
import io.hubspoke.testing.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens of service accounts, as people make and use them with kubectl. */
class TokensThroughKubectlTest {
  @TempDir private static Path dir;
  private static TestMesh mesh;
  private static Kubectl kubectl;

  @BeforeAll
  static void start() throws Exception {
    mesh = TestMesh.start(dir, 1, Posture.DEFAULT, Changes.NONE);
    kubectl = mesh.kubectl();
  }

  @AfterAll
  static void stop() throws Exception {
    mesh.stop();
  }

  private static ObjectNode claims(String token) {
    return Json.parseObject(
        Base64.getUrlDecoder()
            .decode(token.substring(token.indexOf('.') + 1, token.lastIndexOf('.'))));
  }

  /** Returns kubectl without the administrator's certificate: it has its token alone. */
  private static Kubectl.Result withToken(String token, String... arguments) throws Exception {
    Path bare = dir.resolve("bare.kubeconfig");
    if (!Files.exists(bare)) {
      String server =
          kubectl.run("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}").ok();
      Files.writeString(
          bare,
          """
          {"apiVersion": "v1", "kind": "Config", "current-context": "c",
           "clusters": [{"name": "c", "cluster":
             {"server": "%s", "certificate-authority": "%s"}}],
           "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
           "users": [{"name": "u", "user": {}}]}
          """
              .formatted(server, dir.resolve("pki/ca.crt")));
    }
    String[] all = new String[arguments.length + 1];
    all[0] = "--token=" + token;
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return kubectl.as(bare).run(all);
  }

  @Test
  void a_token_is_created_for_an_audience_and_a_time_and_works() throws Exception {
    kubectl.run("create", "serviceaccount", "builder").ok();
    String token = kubectl.run("create", "token", "builder", "--duration=20m").ok().strip();
    assertThat(claims(token).path("exp").asLong() - claims(token).path("iat").asLong())
        .isEqualTo(1200);
    assertThat(withToken(token, "get", "secrets").failed())
        .contains("User \"system:serviceaccount:default:builder\" cannot list resource");
    kubectl
        .run(
            "create",
            "rolebinding",
            "builder",
            "--clusterrole=view",
            "--serviceaccount=default:builder")
        .ok();
    Await.until("it may", () -> withToken(token, "get", "pods").status() == 0);
    String other = kubectl.run("create", "token", "builder", "--audience=vault").ok().strip();
    assertThat(claims(other).path("aud").toString()).isEqualTo("[\"vault\"]");
    assertThat(withToken(other, "get", "pods").failed()).contains("Unauthorized");
    kubectl.run("delete", "serviceaccount", "builder").ok();
    assertThat(withToken(token, "get", "pods").failed()).contains("Unauthorized");
  }

  @Test
  void a_pod_has_a_token_of_its_own_which_ends_with_it() throws Exception {
    mesh.pod("bearer", "Always", "hubspoke/pause");
    Await.until(
        "it runs",
        () -> kubectl.run("get", "pod", "bearer", "-o", "jsonpath={.status.phase}").out(),
        "Running"::equals);
    assertThat(kubectl.run("describe", "pod", "bearer").ok())
        .containsPattern(
            "/var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-\\w+ \\(ro\\)")
        .contains("Type:                    Projected");
    String uid = kubectl.run("get", "pod", "bearer", "-o", "jsonpath={.metadata.uid}").ok();
    Path volumes = dir.resolve("nodes/node-1/pods/" + uid + "/volumes/kubernetes.io~projected");
    Path volume;
    try (var entries = Files.list(volumes)) {
      volume = entries.findFirst().orElseThrow();
    }
    String token = Files.readString(volume.resolve("token"));
    assertThat(claims(token).at("/kubernetes.io/pod/name").asText()).isEqualTo("bearer");
    assertThat(claims(token).at("/kubernetes.io/node/name").asText()).isEqualTo("node-1");
    assertThat(Files.readString(volume.resolve("namespace"))).isEqualTo("default");
    assertThat(Files.readString(volume.resolve("ca.crt")))
        .isEqualTo(Files.readString(dir.resolve("pki/ca.crt")));
    assertThat(withToken(token, "get", "pods").failed())
        .contains("User \"system:serviceaccount:default:default\" cannot list resource");
    kubectl.run("delete", "pod", "bearer", "--grace-period=1").ok();
    assertThat(withToken(token, "get", "pods").failed()).contains("Unauthorized");
    Await.until("its files are gone", () -> !Files.exists(volume));
  }

  @Test
  void a_secret_is_filled_with_a_token_that_ends_with_it_and_it_with_the_account()
      throws Exception {
    kubectl.run("create", "serviceaccount", "old").ok();
    kubectl
        .input(
            """
            {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
             "metadata": {"name": "old-token",
               "annotations": {"kubernetes.io/service-account.name": "old"}}}
            """,
            "create",
            "-f",
            "-")
        .ok();
    String encoded =
        Await.until(
            "it is filled",
            () -> kubectl.run("get", "secret", "old-token", "-o", "jsonpath={.data.token}").out(),
            text -> !text.isEmpty());
    String token = new String(Base64.getDecoder().decode(encoded), UTF_8);
    assertThat(kubectl.run("describe", "secret", "old-token").ok())
        .contains("ca.crt:")
        .contains("namespace:  7 bytes")
        .contains(token);
    assertThat(withToken(token, "get", "pods").failed())
        .contains("system:serviceaccount:default:old");
    kubectl.run("delete", "serviceaccount", "old").ok();
    assertThat(withToken(token, "get", "pods").failed()).contains("Unauthorized");
    Await.until(
        "the secret is gone", () -> kubectl.run("get", "secret", "old-token").status() != 0);
  }
}
