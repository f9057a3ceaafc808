package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubelet.ApiCaller.Answer;
import io.hubspoke.pki.CertificateAuthority;
import io.hubspoke.pki.CertificateProfile;
import io.hubspoke.pki.Identity;
import io.hubspoke.testing.Await;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KubeletApiTest {
  @TempDir private Path directory;
  private TestNode node;
  private Identity admin;

  @BeforeEach
  void start() throws Exception {
    node = new TestNode(directory, "127.10.102.1").start(o -> o.podCidr("127.20.102.0/24"));
    admin =
        node.apiserver.authority.issueClient(
            "kube-apiserver-kubelet-client", List.of("kubeadm:cluster-admins"), Duration.ofDays(1));
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  private Answer get(Identity identity, String uri) throws Exception {
    return ask(identity, HttpMethod.GET, uri);
  }

  private Answer ask(Identity identity, HttpMethod method, String uri) throws Exception {
    return new ApiCaller(node, identity, "").ask(method, uri);
  }

  private void ticker(String name, String... args) throws Exception {
    node.pod(name, "hubspoke/ticker", p -> p, args);
    Await.until(name + " runs", () -> node.container(name).at("/state").has("running"));
  }

  @Test
  void only_certificates_of_the_client_authority_are_let_in() throws Exception {
    CertificateAuthority foreign = CertificateAuthority.create("cluster-ca", Duration.ofDays(1));
    Instant now = Instant.now();
    Identity expired =
        node.apiserver.authority.issue(
            CertificateProfile.client("old", List.of(), Duration.ofDays(1))
                .valid(now.minusSeconds(7200), now.minusSeconds(3600)));

    assertThat(get(null, "/healthz")).isEqualTo(new Answer(401, "Unauthorized"));
    assertThat(
            get(foreign.issueClient("a", List.of("system:masters"), Duration.ofDays(1)), "/pods"))
        .isEqualTo(new Answer(401, "Unauthorized"));
    assertThat(get(expired, "/healthz").code()).isEqualTo(401);
    assertThat(get(admin, "/healthz")).isEqualTo(new Answer(200, "ok"));
    // It is noted when the answer has gone out.
    Await.until(
        "who that was is noted",
        () -> node.accesses.getLast().user().equals("kube-apiserver-kubelet-client"));
    assertThat(node.accesses.getLast().groups()).contains("kubeadm:cluster-admins");
  }

  @Test
  void logs_come_with_their_options_and_real_refusals() throws Exception {
    node.pod("t", "hubspoke/ticker", p -> p, "--interval=10ms", "--count=5", "--exit-code=1");
    Await.until("a restart", () -> node.container("t").path("restartCount").asInt() >= 1);
    String logs = "/containerLogs/default/t/main";

    assertThat(get(admin, logs + "?previous=true").body())
        .isEqualTo("tick 1\ntick 2\ntick 3\ntick 4\ntick 5\n");
    assertThat(get(admin, logs + "?previous=true&tailLines=2").body())
        .isEqualTo("tick 4\ntick 5\n");
    assertThat(get(admin, logs + "?previous=true&limitBytes=9").body()).isEqualTo("tick 1\nti");
    assertThat(get(admin, logs + "?previous=true&tailLines=1&timestamps=true").body())
        .matches("\\d{4}-\\d\\d-\\d\\dT\\S+Z tick 5\n");
    assertThat(get(admin, logs + "?previous=true&sinceTime=2100-01-01T00:00:00Z").body()).isEmpty();
    assertThat(get(admin, logs + "?tailLines=-1").code()).isEqualTo(422);
    assertThat(get(admin, logs + "?tailLines=x").code()).isEqualTo(400);
    assertThat(get(admin, "/containerLogs/default/none/main"))
        .isEqualTo(new Answer(404, "pod \"none\" does not exist\n"));
    assertThat(get(admin, "/containerLogs/default/t/none").code()).isEqualTo(404);
    assertThat(get(admin, "/nothing").code()).isEqualTo(404);
  }

  @Test
  void a_follower_sees_lines_until_the_container_ends() throws Exception {
    ticker("f", "--interval=50ms", "--count=10");
    Buffer body = Buffer.buffer(get(admin, "/containerLogs/default/f/main?follow=true").body());
    assertThat(body.toString()).startsWith("tick 1\n").endsWith("tick 10\n");
  }

  @Test
  void what_can_only_be_read_takes_no_other_method() throws Exception {
    ticker("m", "--interval=1s");
    Answer notAllowed = new Answer(405, "405: Method Not Allowed");
    assertThat(ask(admin, HttpMethod.DELETE, "/pods")).isEqualTo(notAllowed);
    assertThat(ask(admin, HttpMethod.POST, "/pods/")).isEqualTo(notAllowed);
    assertThat(ask(admin, HttpMethod.PUT, "/containerLogs/default/m/main")).isEqualTo(notAllowed);
    assertThat(ask(admin, HttpMethod.POST, "/healthz").code()).isEqualTo(200);
  }

  @Test
  void a_name_used_again_means_the_newest_pod() throws Exception {
    // Deleted by force: the processes of the old pods are still ending when the new pod comes.
    for (int i = 0; i < 8; i++) {
      node.apiserver.remove(TestNode.PODS + "again");
      node.pod(
          "again",
          "hubspoke/ticker",
          pod -> {
            ((ObjectNode) pod.path("spec")).put("terminationGracePeriodSeconds", 60);
            return pod;
          },
          "--interval=50ms",
          "--message=pod" + i,
          "--ignore-sigterm");
      Await.until("it runs", () -> node.container("again").at("/state").has("running"));
      String log = "/containerLogs/default/again/main";
      Await.until("a line", () -> get(admin, log).body().contains("\n"));
      assertThat(get(admin, log).body()).startsWith("pod" + i + " 1\n");
    }
  }
}
