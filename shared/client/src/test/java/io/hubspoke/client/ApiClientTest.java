package io.hubspoke.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.hubspoke.api.ApiException;
import io.hubspoke.api.Json;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.pki.SubjectAltNames;
import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ApiClientTest {
  private final Vertx vertx = Component.vertx();

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private static void answer(HttpServerRequest request, int code, String body) {
    request.response().setStatusCode(code).putHeader("Content-Type", "application/json").end(body);
  }

  @Test
  void a_typed_object_travels_there_and_back_with_unknown_fields() throws Exception {
    var server =
        new FakeServer(vertx)
            .start(
                r ->
                    r.body()
                        .onSuccess(
                            b -> {
                              ObjectNode tree = Json.parseObject(b.getBytes());
                              tree.put("fromTheFuture", r.path());
                              answer(r, 201, tree.toString());
                            }));
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    Node sent = new NodeBuilder().withNewMetadata().withName("n1").endMetadata().build();

    Node got = Await.result(client.create(Resource.NODES, "", sent));

    assertThat(got.getMetadata().getName()).isEqualTo("n1");
    assertThat(got.getAdditionalProperties()).containsEntry("fromTheFuture", "/api/v1/nodes");
  }

  @Test
  void a_request_is_sent_again_when_the_server_says_that_it_is_to_come_back() throws Exception {
    var asked = new AtomicInteger();
    var server =
        new FakeServer(vertx)
            .start(
                r -> {
                  if (asked.incrementAndGet() == 1) {
                    r.response().putHeader("Retry-After", "1");
                  }
                  // The real one's answer to one too many is plain text.
                  answer(r, asked.get() == 2 ? 200 : 429, asked.get() == 2 ? "{}" : "too many");
                });
    var client = new ApiClient(vertx, server.config(new Credentials.None()));

    assertThat(Await.result(client.raw("/version")).toString()).isEqualTo("{}");
    assertThat(asked).hasValue(2);
    // Who names no time means never.
    assertThatThrownBy(() -> Await.result(client.raw("/version")))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.code()).isEqualTo(429));
    assertThat(asked).hasValue(3);
  }

  @Test
  void nothing_of_a_client_that_was_closed_stays_in_memory() throws Exception {
    var server = new FakeServer(vertx).start(r -> answer(r, 200, "{}"));
    var config = server.config(new Credentials.None()).withUserAgent("one of many");
    var client = new ApiClient(vertx, config);
    Await.result(client.raw("/version"));
    Await.result(client.close());
    var held = new WeakReference<>(config);
    config = null;
    client = null;

    Await.until(
        "it is forgotten",
        () -> {
          System.gc();
          return held.get() == null;
        });
  }

  @Test
  void many_requests_and_watches_share_one_http2_connection() throws Exception {
    Set<Object> connections = ConcurrentHashMap.newKeySet();
    Set<HttpVersion> versions = ConcurrentHashMap.newKeySet();
    var server =
        new FakeServer(vertx)
            .start(
                r -> {
                  connections.add(r.connection());
                  versions.add(r.version());
                  if (r.getParam("watch") != null) {
                    r.response().setChunked(true).writeHead();
                  } else {
                    answer(r, 200, "{}");
                  }
                });
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    for (int i = 0; i < 3; i++) {
      Await.result(
          client.watch(
              Resource.PODS, ListOptions.ALL, "1", e -> io.vertx.core.Future.succeededFuture()));
    }
    for (int i = 0; i < 20; i++) {
      Await.result(client.raw("/version"));
    }
    assertThat(connections).hasSize(1);
    assertThat(versions).containsExactly(HttpVersion.HTTP_2);
  }

  @Test
  void http11_is_spoken_where_the_server_knows_nothing_better() throws Exception {
    var server =
        new FakeServer(vertx)
            .start(r -> answer(r, 200, "\"" + r.version() + "\""), HttpVersion.HTTP_1_1);
    var client = new ApiClient(vertx, server.config(new Credentials.None()));

    assertThat(Await.result(client.raw("/")).toString()).isEqualTo("\"HTTP_1_1\"");
  }

  @Test
  void what_is_gone_or_another_by_now_counts_as_deleted_and_nothing_else_does() throws Exception {
    var server =
        new FakeServer(vertx)
            .start(
                r -> {
                  String code = r.path().substring(r.path().length() - 3);
                  answer(r, Integer.parseInt(code), "{\"kind\":\"Status\",\"code\":" + code + "}");
                });
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    DeleteOptions options = DeleteOptions.now("u");

    for (String name : List.of("n200", "n404", "n409")) {
      Await.result(client.deleteIfPresent(Resource.NODES, "", name, options));
    }
    ApiException failure =
        (ApiException) Await.failure(client.deleteIfPresent(Resource.NODES, "", "n403", options));
    assertThat(failure.code()).isEqualTo(403);
  }

  @Test
  void who_closes_a_client_that_is_being_closed_waits_for_it_as_the_first_does() throws Exception {
    var server = new FakeServer(vertx).start(r -> {});
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    // The request fails by the closing, while that is under way.
    var asked = client.raw("/").otherwiseEmpty().eventually(client::close);
    var context = vertx.getOrCreateContext();
    var closed = io.vertx.core.Promise.<Void>promise();
    context.runOnContext(v -> client.close().onComplete(closed));

    Await.result(closed.future());
    Await.result(asked);
    assertThat(client.close()).isNotNull();
  }

  @Test
  void a_refusal_becomes_the_servers_status() throws Exception {
    var server =
        new FakeServer(vertx)
            .start(
                r ->
                    answer(
                        r,
                        403,
                        "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"no\","
                            + "\"code\":403}"));
    var client = new ApiClient(vertx, server.config(new Credentials.None()));

    ApiException failure =
        (ApiException) Await.failure(client.get(Resource.PODS, "default", "web"));

    assertThat(failure.code()).isEqualTo(403);
    assertThat(failure.reason()).isEqualTo("Forbidden");
    assertThat(failure).hasMessage("no");
  }

  @Test
  void a_refusal_that_is_not_json_still_has_code_and_reason() throws Exception {
    var server = new FakeServer(vertx).start(r -> answer(r, 503, "<html>busy</html>"));
    var client = new ApiClient(vertx, server.config(new Credentials.None()));

    ApiException failure = (ApiException) Await.failure(client.raw("/"));

    assertThat(failure.reason()).isEqualTo("ServiceUnavailable");
    assertThat(failure).hasMessage("<html>busy</html>");
  }

  @Test
  void a_list_is_read_in_chunks() throws Exception {
    List<String> uris = Collections.synchronizedList(new ArrayList<>());
    var server =
        new FakeServer(vertx)
            .start(
                r -> {
                  uris.add(r.uri());
                  boolean first = r.getParam("continue") == null;
                  answer(
                      r,
                      200,
                      first
                          ? "{\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"a b\"},"
                              + "\"items\":[{\"metadata\":{\"name\":\"a\"}}]}"
                          : "{\"metadata\":{\"resourceVersion\":\"7\"},"
                              + "\"items\":[{\"metadata\":{\"name\":\"b\"}}]}");
                });
    var client = new ApiClient(vertx, server.config(new Credentials.None()));

    var list =
        Await.result(
            client.list(
                Resource.PODS,
                ListOptions.inNamespace("ns").withChunkSize(1).withLabelSelector("app=x,y!=z")));

    assertThat(list.items()).extracting(i -> i.key().name()).containsExactly("a", "b");
    assertThat(list.resourceVersion()).isEqualTo("7");
    assertThat(uris)
        .containsExactly(
            "/api/v1/namespaces/ns/pods?labelSelector=app%3Dx%2Cy%21%3Dz&limit=1",
            "/api/v1/namespaces/ns/pods?labelSelector=app%3Dx%2Cy%21%3Dz&limit=1&continue=a%20b");
  }

  @Test
  void a_server_that_another_authority_vouches_for_is_refused() throws Exception {
    var server = new FakeServer(vertx).start(r -> answer(r, 200, "{}"));
    var foreign = CertificateAuthority.create("test-ca", Duration.ofDays(1));
    var config =
        ClientConfig.of(
            "https://127.0.0.1:" + server.port(),
            List.of(foreign.certificate()),
            new Credentials.Token("secret"));

    assertThat(Await.failure(new ApiClient(vertx, config).raw("/")))
        .isInstanceOf(SSLHandshakeException.class);
  }

  @Test
  void a_server_whose_certificate_is_for_another_name_is_refused() throws Exception {
    var server = new FakeServer(vertx).start(r -> answer(r, 200, "{}"));
    var config =
        ClientConfig.of(
            "https://localhost:" + server.port(),
            List.of(server.authority.certificate()),
            new Credentials.None());

    assertThat(Await.failure(new ApiClient(vertx, config).raw("/")))
        .isInstanceOf(SSLHandshakeException.class);
  }

  @Test
  void a_server_of_another_time_is_refused_with_the_dates_that_do_not_agree() throws Exception {
    var server = new FakeServer(vertx);
    var profile =
        CertificateProfile.server("server", SubjectAltNames.of("127.0.0.1"), Duration.ofDays(2));
    var now = Instant.now();
    server.start(
        request -> request.response().end("{}"),
        server.authority.issue(profile.valid(now.plusSeconds(36000), now.plusSeconds(72000))),
        HttpVersion.HTTP_2);
    assertThat(failure(server))
        .contains("is not valid yet: NotBefore: ", "clock says " + now.toString().substring(0, 10));

    server.start(
        request -> request.response().end("{}"),
        server.authority.issue(profile.valid(now.minusSeconds(72000), now.minusSeconds(36000))),
        HttpVersion.HTTP_2);
    assertThat(failure(server)).contains("is not valid any more: NotAfter: ");
  }

  private String failure(FakeServer server) throws Exception {
    var client = new ApiClient(vertx, server.config(new Credentials.None()));
    return Await.failure(client.raw("/version")).getMessage();
  }

  @Test
  void verification_is_off_only_on_request_and_for_that_client_alone() throws Exception {
    var server = new FakeServer(vertx).start(r -> answer(r, 200, "{}"));
    var foreign = CertificateAuthority.create("other", Duration.ofDays(1));
    var strict =
        ClientConfig.of(
            "https://127.0.0.1:" + server.port(),
            List.of(foreign.certificate()),
            new Credentials.None());

    Await.result(new ApiClient(vertx, strict.withInsecureSkipTlsVerify()).raw("/"));

    assertThat(Await.failure(new ApiClient(vertx, strict).raw("/")))
        .isInstanceOf(SSLHandshakeException.class);
  }

  @Test
  void a_watch_ends_when_its_connection_is_replaced_and_the_next_one_is_of_the_new()
      throws Exception {
    var server = new FakeServer(vertx).start(r -> r.response().setChunked(true).writeHead());
    var client =
        new ApiClient(
            vertx,
            server.config(
                new Credentials.Certificate(
                    server.authority.issueClient("first", List.of(), Duration.ofHours(1)))));
    var watch = Await.result(watch(client));

    client.setCredentials(
        new Credentials.Certificate(
            server.authority.issueClient("second", List.of(), Duration.ofHours(1))));

    Await.result(watch.ended());
    assertThat(Await.result(watch(client)).ended().isComplete()).isFalse();
  }

  private static io.vertx.core.Future<Watch<io.fabric8.kubernetes.api.model.Pod>> watch(
      ApiClient client) {
    return client.watch(
        Resource.PODS, ListOptions.ALL, "1", e -> io.vertx.core.Future.succeededFuture());
  }

  @Test
  void a_client_certificate_is_replaced_without_failing_a_request() throws Exception {
    var server =
        new FakeServer(vertx).start(r -> answer(r, 200, "\"" + FakeServer.subject(r) + "\""));
    Identity first = server.authority.issueClient("first", List.of(), Duration.ofDays(1));
    Identity second = server.authority.issueClient("second", List.of(), Duration.ofDays(1));
    var client = new ApiClient(vertx, server.config(new Credentials.Certificate(first)));

    assertThat(Await.result(client.raw("/")).toString()).contains("CN=first");
    client.setCredentials(new Credentials.Certificate(second));

    Await.until(
        "the new certificate is shown",
        () -> Await.result(client.raw("/")).toString().contains("CN=second"));
  }

  @Test
  void a_bearer_token_is_sent() throws Exception {
    var server =
        new FakeServer(vertx)
            .start(r -> answer(r, 200, "\"" + r.getHeader("Authorization") + "\""));
    var client = new ApiClient(vertx, server.config(new Credentials.Token("abc.def")));

    assertThat(Await.result(client.raw("/")).toString()).isEqualTo("\"Bearer abc.def\"");
  }

  @Test
  void a_token_with_a_line_break_is_refused_and_not_shown() {
    assertThatThrownBy(() -> new Credentials.Token("abc\r\nX-Evil: 1"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(new Credentials.Token("abc").toString()).doesNotContain("abc");
  }

  @Test
  void a_server_that_never_answers_costs_the_time_out() throws Exception {
    var server = new FakeServer(vertx).start(r -> {});
    var client =
        new ApiClient(
            vertx, server.config(new Credentials.None()).withTimeout(Duration.ofMillis(200)));

    assertThat(Await.failure(client.raw("/"))).isInstanceOf(TimeoutException.class);
  }

  @Test
  void an_answer_that_is_too_long_fails_instead_of_filling_memory() throws Exception {
    var server = new FakeServer(vertx).start(r -> answer(r, 200, "x".repeat(100_000)));
    var client =
        new ApiClient(vertx, server.config(new Credentials.None()).withMaxResponseBytes(50_000));

    assertThat(Await.failure(client.raw("/")))
        .isInstanceOf(java.io.IOException.class)
        .hasMessageContaining("longer than 50000 bytes");
  }

  @Test
  void an_answer_that_is_not_json_fails() throws Exception {
    var server = new FakeServer(vertx).start(r -> answer(r, 200, "[1,"));
    var client = new ApiClient(vertx, server.config(new Credentials.None()));

    assertThat(Await.failure(client.get(Resource.NODES, "", "n"))).isInstanceOf(ApiException.class);
  }

  @Test
  void requests_come_from_the_local_address_given() throws Exception {
    var server =
        new FakeServer(vertx)
            .start(r -> answer(r, 200, "\"" + r.remoteAddress().hostAddress() + "\""));
    var client =
        new ApiClient(vertx, server.config(new Credentials.None()).withLocalAddress("127.10.7.7"));

    assertThat(Await.result(client.raw("/")).toString()).isEqualTo("\"127.10.7.7\"");
  }

  @Test
  void a_server_url_without_tls_is_refused() {
    assertThatThrownBy(
            () -> ClientConfig.of("http://127.0.0.1:8080", List.of(), new Credentials.None()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("https");
  }
}
