package io.hubspoke.apiserver.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import io.hubspoke.apiserver.ApiserverOptions.Limits;
import io.hubspoke.apiserver.TestApiserver;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What bodies that do not come, or that cost much, mean for the other clients. */
@Timeout(60)
class SlowBodyTest {
  private static final String REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  private static final String CONFIG_MAPS = "/api/v1/namespaces/default/configmaps";
  private static final int MOST = 8;
  private static TestApiserver server;

  @BeforeAll
  static void start(@TempDir Path dir) throws Exception {
    server =
        new TestApiserver(
            dir,
            options ->
                options.with(
                    new Limits(Duration.ofSeconds(40), 400, MOST, ConnectionLimits.DEFAULT)));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void clientsThatHoldBackTheirBodiesDoNotStopTheOthers() throws Exception {
    var slow = server.ca.issueClient("slow", List.of(), TestApiserver.VALIDITY);
    List<RawConnection> held = new ArrayList<>();
    try {
      for (int i = 0; i < MOST; i++) {
        held.add(
            new RawConnection(server, slow)
                .write(
                    "POST "
                        + REVIEWS
                        + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                        + "Content-Length: 100\r\n\r\n{"));
      }
      // A quarter of them waits; the rest is told to come back.
      for (RawConnection refused : held.subList(MOST / 4, MOST)) {
        assertThat(refused.answer()).startsWith("HTTP/1.1 429");
      }
      assertThat(server.client("other").post(REVIEWS, review()).code()).isEqualTo(201);
      assertThat(server.node("n1").post(REVIEWS, review()).code()).isEqualTo(201);
      assertThat(server.admin().post(CONFIG_MAPS, configMap("held")).code()).isEqualTo(201);
      // Not for long, either.
      assertThat(held.getFirst().answer()).startsWith("HTTP/1.1 504");
    } finally {
      for (RawConnection connection : held) {
        connection.close();
      }
    }
  }

  @Test
  void aBodyInYamlIsReadUpToAMegabyte() throws Exception {
    assertThat(yaml("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yaml}\n")).isEqualTo(201);
    assertThat(yaml("a: [x" + ",x".repeat(450_000) + "]")).isEqualTo(400);
    assertThat(yaml("a: " + "x".repeat(1024 * 1024))).isEqualTo(413);
  }

  private static int yaml(String body) throws Exception {
    var admin = server.admin();
    var request =
        admin
            .request(CONFIG_MAPS)
            .header("Content-Type", "application/yaml")
            .POST(BodyPublishers.ofString(body))
            .build();
    return admin.http().send(request, BodyHandlers.ofString()).statusCode();
  }

  private static ObjectNode review() {
    return Json.parseObject(
        """
        {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
         "spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
        """
            .getBytes(StandardCharsets.UTF_8));
  }

  private static ObjectNode configMap(String name) {
    ObjectNode made = Json.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    made.putObject("metadata").put("name", name);
    return made;
  }
}
