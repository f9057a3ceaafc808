package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubelet.server.AuthorizationMode;
import io.hubspoke.kubelet.server.ServerOptions;
import io.hubspoke.pki.Identity;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is let at which path: the kubelet's questions to the apiserver, and what it does of them. */
class ApiCallersTest {
  @TempDir private Path directory;
  private TestNode node;
  private final List<ObjectNode> tokenReviews = new CopyOnWriteArrayList<>();
  private final List<ObjectNode> accessReviews = new CopyOnWriteArrayList<>();

  private void start(Consumer<ServerOptions.Builder> change) throws Exception {
    node =
        new TestNode(directory, "127.10.104.1")
            .start(o -> o.podCidr("127.20.104.0/24").server(change));
    node.apiserver.reviewer(this::review);
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  /** Knows one token, and lets its owner read pods and everybody else nothing. */
  private ObjectNode review(ObjectNode review) {
    ObjectNode status = review.putObject("status");
    if (review.path("kind").asText().equals("TokenReview")) {
      tokenReviews.add(review);
      if (review.at("/spec/token").asText().equals("good")) {
        status.put("authenticated", true);
        ObjectNode user = status.putObject("user").put("username", "jane").put("uid", "u1");
        user.putArray("groups").add("readers");
        user.putObject("extra").putArray("scopes").add("view");
      }
      return review;
    }
    accessReviews.add(review);
    if (review.at("/spec/user").asText().equals("broken")) {
      return null;
    }
    status.put(
        "allowed",
        review.at("/spec/user").asText().equals("jane")
            && review.at("/spec/resourceAttributes/subresource").asText().equals("pods"));
    return review;
  }

  private ApiCaller token(String token) {
    return new ApiCaller(node, null, token);
  }

  private ApiCaller certificate(String name) {
    Identity identity =
        node.apiserver.authority.issueClient(name, List.of("admins"), Duration.ofDays(1));
    return new ApiCaller(node, identity, "");
  }

  private List<String> subresourcesAsked() {
    return accessReviews.stream()
        .map(review -> review.at("/spec/resourceAttributes/subresource").asText())
        .toList();
  }

  @Test
  void a_bearer_token_is_reviewed_once_and_its_owner_passed_on() throws Exception {
    start(s -> s.tokenWebhook(true).authorizationMode(AuthorizationMode.WEBHOOK));
    assertThat(token("good").get("/pods").code()).isEqualTo(200);
    assertThat(token("good").get("/pods").code()).isEqualTo(200);
    assertThat(tokenReviews).hasSize(1);
    assertThat(accessReviews).hasSize(1);
    ObjectNode asked = accessReviews.getFirst();
    assertThat(asked.at("/spec/uid").asText()).isEqualTo("u1");
    assertThat(asked.at("/spec/groups").toString())
        .isEqualTo("[\"readers\",\"system:authenticated\"]");
    assertThat(asked.at("/spec/extra/scopes/0").asText()).isEqualTo("view");
    assertThat(asked.at("/spec/resourceAttributes").toString())
        .isEqualTo(
            "{\"verb\":\"get\",\"version\":\"v1\",\"resource\":\"nodes\","
                + "\"subresource\":\"pods\",\"name\":\"n1\"}");
    assertThat(node.accesses.getLast().user()).isEqualTo("jane");
  }

  @Test
  void a_token_that_nobody_vouches_for_is_refused_also_where_anonymous_callers_are_not()
      throws Exception {
    start(s -> s.tokenWebhook(true).anonymousAuth(true));
    assertThat(token("bad").get("/healthz")).isEqualTo(new ApiCaller.Answer(401, "Unauthorized"));
    assertThat(token("bad").get("/healthz").code()).isEqualTo(401);
    assertThat(tokenReviews).hasSize(1);
    assertThat(token("").get("/healthz").code()).isEqualTo(200);
    assertThat(node.accesses.getLast().user()).isEqualTo("system:anonymous");
  }

  @Test
  void an_answer_about_a_token_ends_with_its_time() throws Exception {
    start(s -> s.tokenWebhook(true).tokenCacheTtl(Duration.ZERO));
    assertThat(token("good").get("/healthz").code()).isEqualTo(200);
    assertThat(token("good").get("/healthz").code()).isEqualTo(200);
    assertThat(tokenReviews).hasSize(2);
  }

  @Test
  void tokens_mean_nothing_where_they_are_not_reviewed() throws Exception {
    start(s -> s.tokenWebhook(false));
    assertThat(token("good").get("/healthz").code()).isEqualTo(401);
    assertThat(tokenReviews).isEmpty();
  }

  @Test
  void the_finer_subresource_is_asked_about_first_and_a_refusal_names_all() throws Exception {
    start(s -> s.authorizationMode(AuthorizationMode.WEBHOOK));
    ApiCaller joe = certificate("joe");
    assertThat(joe.get("/healthz/ping"))
        .isEqualTo(
            new ApiCaller.Answer(
                403,
                "Forbidden (user=joe, verb=get, resource=nodes, subresource(s)=[healthz proxy])\n"));
    assertThat(joe.get("/metrics/resource").body()).contains("(s)=[metrics])");
    assertThat(joe.get("/logs/").body()).contains("(s)=[log])");
    assertThat(joe.get("/stats/summary").body()).contains("(s)=[stats])");
    assertThat(joe.get("/configz").body()).contains("(s)=[configz proxy])");
    assertThat(joe.get("/runningpods/").body()).contains("(s)=[pods proxy])");
    // What only looks like another path is not taken for it.
    assertThat(joe.get("/metricsx").body()).contains("(s)=[proxy])");
    assertThat(joe.get("/%6Cogs/").body()).contains("(s)=[log])");
    assertThat(joe.post("/exec/a/b/c").body()).contains("verb=create");
    // Proxy of healthz, and the others' own; proxy of the rest was known by then.
    assertThat(subresourcesAsked())
        .containsExactly("healthz", "proxy", "metrics", "log", "stats", "configz", "pods", "proxy");
  }

  @Test
  void nobody_is_let_in_while_the_apiserver_does_not_answer_and_it_is_asked_again()
      throws Exception {
    start(s -> s.authorizationMode(AuthorizationMode.WEBHOOK));
    ApiCaller broken = certificate("broken");
    for (int i = 0; i < 2; i++) {
      assertThat(broken.get("/metrics"))
          .isEqualTo(
              new ApiCaller.Answer(
                  500,
                  "Authorization error (user=broken, verb=get, resource=nodes,"
                      + " subresource=metrics)"));
    }
    assertThat(accessReviews).hasSizeGreaterThanOrEqualTo(2);
  }
}
