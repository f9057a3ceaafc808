package io.hubspoke.apiserver.authz;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.TestApiserver.Answer;
import io.hubspoke.apiserver.TestApiserver.Client;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests in somebody else's name, as {@code kubectl --as} makes them. */
class ImpersonationTest {
  private static final String SECRET = "/api/v1/namespaces/default/secrets/s";
  private static final String SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  private static final String ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  private static TestApiserver server;
  private static Client admin;
  private static Client helpdesk;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server = new TestApiserver(dir, options -> options);
    admin = server.admin();
    helpdesk = server.client("helpdesk");
    made(
        admin.post(
            "/api/v1/namespaces/default/secrets",
            json("{'apiVersion': 'v1', 'kind': 'Secret', 'metadata': {'name': 's'}}")));
    made(
        admin.post(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            json(
                """
                {'apiVersion': 'rbac.authorization.k8s.io/v1', 'kind': 'ClusterRole',
                 'metadata': {'name': 'helpdesk'}, 'rules': [
                  {'verbs': ['impersonate'], 'apiGroups': [''], 'resources': ['users'],
                   'resourceNames': ['jane']},
                  {'verbs': ['impersonate'], 'apiGroups': [''], 'resources': ['groups'],
                   'resourceNames': ['staff']},
                  {'verbs': ['impersonate'], 'apiGroups': [''], 'resources': ['serviceaccounts'],
                   'resourceNames': ['robot']},
                  {'verbs': ['impersonate'], 'apiGroups': ['authentication.k8s.io'],
                   'resources': ['uids'], 'resourceNames': ['u1']},
                  {'verbs': ['impersonate'], 'apiGroups': ['authentication.k8s.io'],
                   'resources': ['userextras/scopes'], 'resourceNames': ['view']}]}
                """)));
    made(
        admin.post(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            json(
                """
                {'apiVersion': 'rbac.authorization.k8s.io/v1', 'kind': 'ClusterRoleBinding',
                 'metadata': {'name': 'helpdesk'},
                 'roleRef': {'apiGroup': 'rbac.authorization.k8s.io', 'kind': 'ClusterRole',
                   'name': 'helpdesk'},
                 'subjects': [{'apiGroup': 'rbac.authorization.k8s.io', 'kind': 'User',
                   'name': 'helpdesk'}]}
                """)));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aRequestInAnothersNameHasTheOthersRightsAndNotTheCallers() throws Exception {
    var refused = send(admin, "DELETE", SECRET, null, "Impersonate-User", "nobody");
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message())
        .isEqualTo(
            "secrets \"s\" is forbidden: User \"nobody\" cannot delete resource \"secrets\" in API"
                + " group \"\" in the namespace \"default\"");
    assertThat(admin.get(SECRET).code()).isEqualTo(200);
    assertThat(
            send(
                    admin,
                    "GET",
                    SECRET,
                    null,
                    "impersonate-user",
                    "nobody",
                    "Impersonate-Group",
                    "system:masters")
                .code())
        .isEqualTo(200);
  }

  @Test
  void askingWhatAnotherMayDoTellsWhatHeMay() throws Exception {
    ObjectNode review =
        json(
            """
            {'apiVersion': 'authorization.k8s.io/v1', 'kind': 'SelfSubjectAccessReview',
             'spec': {'resourceAttributes': {'verb': 'create', 'resource': 'pods'}}}
            """);
    var own = send(admin, "POST", ACCESS, review);
    assertThat(own.json().at("/status/allowed").asBoolean()).isTrue();
    var bobs = send(admin, "POST", ACCESS, review, "Impersonate-User", "bob");
    assertThat(bobs.code()).as(bobs.text()).isEqualTo(201);
    assertThat(bobs.json().at("/status/allowed").asBoolean()).isFalse();
  }

  @Test
  void everyPartOfTheIdentityIsTakenOver() throws Exception {
    ObjectNode user =
        whoAmI(
            helpdesk,
            "Impersonate-User",
            "jane",
            "Impersonate-Group",
            "staff",
            "Impersonate-Uid",
            "u1",
            "Impersonate-Extra-Scopes",
            "view");
    assertThat(user.toString())
        .isEqualTo(
            json("""
                    {'username': 'jane', 'uid': 'u1',
                     'groups': ['staff', 'system:authenticated'], 'extra': {'scopes': ['view']}}
                    """)
                .toString());
  }

  @Test
  void aServiceAccountComesWithItsGroupsAndTheAnonymousUserWithHis() throws Exception {
    assertThat(
            whoAmI(helpdesk, "Impersonate-User", "system:serviceaccount:default:robot")
                .path("groups")
                .toString())
        .isEqualTo(
            "[\"system:serviceaccounts\",\"system:serviceaccounts:default\","
                + "\"system:authenticated\"]");
    var anonymous = send(admin, "GET", "/api", null, "Impersonate-User", "system:anonymous");
    assertThat(anonymous.code()).isEqualTo(403);
  }

  @Test
  void whoMayNotTakeAPartOfTheIdentityIsRefused() throws Exception {
    assertForbidden(
        "users \"bob\" is forbidden: User \"helpdesk\" cannot impersonate resource \"users\" in API"
            + " group \"\" at the cluster scope",
        "Impersonate-User",
        "bob");
    assertForbidden(
        "groups \"system:masters\" is forbidden: User \"helpdesk\" cannot impersonate resource"
            + " \"groups\" in API group \"\" at the cluster scope",
        "Impersonate-User",
        "jane",
        "Impersonate-Group",
        "staff",
        "Impersonate-Group",
        "system:masters");
    assertForbidden(
        "serviceaccounts \"root\" is forbidden: User \"helpdesk\" cannot impersonate resource"
            + " \"serviceaccounts\" in API group \"\" in the namespace \"kube-system\"",
        "Impersonate-User",
        "system:serviceaccount:kube-system:root");
    assertForbidden(
        "uids.authentication.k8s.io \"u2\" is forbidden: User \"helpdesk\" cannot impersonate"
            + " resource \"uids\" in API group \"authentication.k8s.io\" at the cluster scope",
        "Impersonate-User",
        "jane",
        "Impersonate-Uid",
        "u2");
    assertForbidden(
        "userextras.authentication.k8s.io \"all\" is forbidden: User \"helpdesk\" cannot"
            + " impersonate resource \"userextras/scopes\" in API group \"authentication.k8s.io\""
            + " at the cluster scope",
        "Impersonate-User",
        "jane",
        "Impersonate-Extra-scopes",
        "all");
  }

  @Test
  void anIdentityWithoutAUserIsNone() throws Exception {
    for (String header :
        new String[] {"Impersonate-Group", "Impersonate-Uid", "Impersonate-Extra-scopes"}) {
      assertThat(send(admin, "GET", SECRET, null, header, "x").code()).as(header).isEqualTo(400);
    }
  }

  private static void assertForbidden(String message, String... headers) throws Exception {
    var refused = send(helpdesk, "GET", "/version", null, headers);
    assertThat(refused.code()).isEqualTo(403);
    assertThat(refused.message()).isEqualTo(message);
  }

  private static ObjectNode whoAmI(Client client, String... headers) throws Exception {
    var answer =
        send(
            client,
            "POST",
            SELF,
            json("{'apiVersion': 'authentication.k8s.io/v1', 'kind': 'SelfSubjectReview'}"),
            headers);
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
    return (ObjectNode) answer.json().at("/status/userInfo");
  }

  private static Answer send(
      Client client, String method, String path, ObjectNode body, String... headers)
      throws Exception {
    var request =
        client
            .request(path)
            .header("Content-Type", "application/json")
            .method(
                method,
                body == null
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofByteArray(Json.bytes(body)));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return new Answer(client.http().send(request.build(), BodyHandlers.ofString()));
  }

  private static void made(Answer answer) {
    assertThat(answer.code()).as(answer.text()).isEqualTo(201);
  }

  private static ObjectNode json(String text) {
    return Json.parseObject(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }
}
