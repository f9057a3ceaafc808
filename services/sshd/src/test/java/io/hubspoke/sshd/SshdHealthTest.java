package io.hubspoke.sshd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.runtime.Component;
import io.hubspoke.testing.Await;
import io.hubspoke.tunnel.Target;
import io.hubspoke.tunnel.ssh.SshConnector;
import io.hubspoke.tunnel.ssh.SshDialer;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a node's SSH server says of itself. */
class SshdHealthTest {
  @TempDir private Path directory;
  private Vertx vertx;
  private RunningSshd server;

  @BeforeEach
  void start() throws Exception {
    vertx = Component.vertx();
    server =
        new RunningSshd(
            vertx,
            directory,
            0,
            options -> options.withHealth(SocketAddress.inetSocketAddress(0, "127.0.0.1")));
  }

  @AfterEach
  void stop() throws Exception {
    Await.result(vertx.close());
  }

  private HttpResponse<String> get(String path) throws Exception {
    var uri = URI.create("http://127.0.0.1:" + server.sshd.healthPort() + path);
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void it_is_well_while_it_runs_and_counts_who_logs_in_and_what_is_asked_for() throws Exception {
    assertThat(get("/healthz").body()).isEqualTo("ok");
    assertThat(get("/readyz").statusCode()).isEqualTo(200);
    assertThat(get("/other").statusCode()).isEqualTo(404);
    assertThat(get("/metrics").body()).contains("hubspoke_sshd_logins_total 0");

    SshConnector connector = new SshConnector(vertx, server.login());
    SshDialer dialer = server.dialer(connector);
    Await.failure(dialer.dial(new Target("192.0.2.1", 80)));
    String metrics = get("/metrics").body();
    assertThat(metrics)
        .contains(
            "hubspoke_sshd_logins_total 1",
            "hubspoke_sshd_connected_clients 1",
            "hubspoke_sshd_dials_total{result=\"prohibited\"} 1",
            "process_start_time_seconds");
    Await.result(dialer.close());
    Await.result(connector.close());
  }

  @Test
  void a_port_that_is_taken_is_named_and_the_server_gives_its_own_up() throws Exception {
    var taken = SocketAddress.inetSocketAddress(server.sshd.healthPort(), "127.0.0.1");
    var second = new Sshd(RunningSshd.options(directory, 0).withHealth(taken));
    assertThatThrownBy(() -> Await.result(vertx.deployVerticle(second)))
        .hasMessageContaining("--health-bind-address, --health-port: cannot listen on");
    assertThatThrownBy(second::port).isInstanceOf(RuntimeException.class);
  }
}
