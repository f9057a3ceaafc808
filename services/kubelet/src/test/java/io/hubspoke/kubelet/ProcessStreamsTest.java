package io.hubspoke.kubelet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.kubelet.runtime.RuntimeEndpoint;
import io.hubspoke.kubelet.server.ConnectionLimits;
import io.hubspoke.pki.Identity;
import io.hubspoke.runtime.ReloadableKeys;
import io.hubspoke.runtime.Tls;
import io.hubspoke.streams.RemoteCommand;
import io.hubspoke.streams.RemoteCommandClient;
import io.hubspoke.streams.RemoteProcess;
import io.hubspoke.streams.StreamTransport;
import io.hubspoke.testing.Await;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.streams.ReadStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Streams of the kubelet's API, straight from a client to processes. */
class ProcessStreamsTest {
  private static final RemoteCommand OUTPUT = new RemoteCommand(false, true, true, false);
  private static final RemoteCommand BOTH = new RemoteCommand(true, true, true, false);

  @TempDir private Path directory;
  private TestNode node;
  private HttpClient http;
  private Identity admin;

  private void start(ConnectionLimits limits, Duration idle) throws Exception {
    node =
        new TestNode(directory, "127.10.106.1")
            .start(
                o ->
                    o.podCidr("127.20.106.0/24")
                        .containerRuntimeEndpoint(RuntimeEndpoint.parse("process://"))
                        .connectionLimits(limits)
                        .server(s -> s.streamIdleTimeout(idle)));
    admin = node.apiserver.authority.issueClient("admin", List.of("admins"), Duration.ofDays(1));
    HttpClientOptions options =
        new HttpClientOptions().setVerifyHost(false).setProtocolVersion(HttpVersion.HTTP_1_1);
    Tls.connect(options, new ReloadableKeys(admin), Tls.trustAny(List.of()));
    http = node.vertx.createHttpClient(options, new PoolOptions().setHttp1MaxSize(100));
    node.pod(
        "box",
        "hubspoke/host",
        pod -> {
          ((ObjectNode) pod.at("/spec/containers/0"))
              .putArray("command")
              .add("sleep")
              .add("100000");
          return pod;
        });
    Await.until("it runs", () -> node.container("box").at("/state").has("running"));
  }

  @AfterEach
  void stop() throws Exception {
    node.stop();
  }

  private Future<RemoteProcess> exec(
      StreamTransport transport, RemoteCommand streams, String command) {
    String uri =
        "/exec/default/box/main?command=sh&command=-c&command="
            + java.net.URLEncoder.encode(command, java.nio.charset.StandardCharsets.UTF_8)
            + "&output=1&error=1"
            + (streams.stdin() ? "&input=1" : "");
    return new RemoteCommandClient(node.vertx, http, transport)
        .start(
            new RequestOptions()
                .setHost(node.ip)
                .setPort(node.kubelet.port())
                .setSsl(true)
                .setURI(uri),
            streams);
  }

  private static Future<String> text(ReadStream<Buffer> stream) {
    Buffer all = Buffer.buffer();
    Promise<String> ended = Promise.promise();
    stream.exceptionHandler(ended::tryFail);
    stream.endHandler(v -> ended.tryComplete(all.toString()));
    stream.handler(all::appendBuffer);
    stream.resume();
    return ended.future();
  }

  @ParameterizedTest
  @EnumSource(StreamTransport.class)
  void output_is_whole_also_while_another_stream_stands_still(StreamTransport transport)
      throws Exception {
    start(ConnectionLimits.DEFAULT, Duration.ofHours(1));
    RemoteProcess stopped = Await.result(exec(transport, OUTPUT, "yes"));
    for (int i = 0; i < 60; i++) {
      RemoteProcess process = Await.result(exec(transport, OUTPUT, "echo in time; echo so >&2"));
      Future<String> out = text(process.stdout());
      Future<String> err = text(process.stderr());
      assertThat(Await.result(process.exited())).isZero();
      assertThat(Await.result(out)).as("of " + i).isEqualTo("in time\n");
      assertThat(Await.result(err)).isEqualTo("so\n");
    }
    stopped.close();
  }

  @ParameterizedTest
  @EnumSource(StreamTransport.class)
  void streams_outlive_the_limits_of_requests_and_make_room_when_they_end(StreamTransport transport)
      throws Exception {
    start(
        new ConnectionLimits(3, Duration.ofMillis(300), Duration.ofMillis(300)),
        Duration.ofHours(1));
    RemoteProcess lasting = Await.result(exec(transport, BOTH, "read line; echo \"got $line\""));
    Future<String> out = text(lasting.stdout());
    for (int i = 0; i < 8; i++) {
      Await.until(
          "room for one more",
          () -> {
            try {
              return Await.result(
                      exec(transport, OUTPUT, "sleep 0.1; exit 5")
                          .compose(
                              process -> {
                                process.stdout().resume();
                                process.stderr().resume();
                                return process.exited();
                              }))
                  == 5;
            } catch (Exception refused) {
              return false;
            }
          });
    }
    lasting.stdin().end(Buffer.buffer("hello\n"));
    assertThat(Await.result(out)).isEqualTo("got hello\n");
    assertThat(Await.result(lasting.exited())).isZero();
    Await.until(
        "each was told of",
        () -> node.accesses.stream().filter(access -> access.code() == 101).count() == 9);
  }

  @ParameterizedTest
  @EnumSource(StreamTransport.class)
  void streams_that_nobody_uses_end_in_time(StreamTransport transport) throws Exception {
    start(ConnectionLimits.DEFAULT, Duration.ofMillis(700));
    RemoteProcess idle = Await.result(exec(transport, BOTH, "cat"));
    Promise<Void> over = Promise.promise();
    idle.exited().onComplete(ended -> over.complete());
    Await.result(over.future());
  }

  @Test
  void run_answers_with_the_output() throws Exception {
    start(ConnectionLimits.DEFAULT, Duration.ofHours(1));
    ApiCaller caller = new ApiCaller(node, admin, "");
    assertThat(caller.post("/run/default/box/main?cmd=echo%20a%20%20b"))
        .isEqualTo(new ApiCaller.Answer(200, "a  b\n"));
    assertThat(caller.post("/run/default/box/main?cmd=ls%20/none").code()).isEqualTo(500);
    assertThat(caller.post("/run/default/box/main?cmd=ls%20/none").body())
        .startsWith("command 'ls /none' exited with 2: ");
    assertThat(caller.get("/metrics/resource").body())
        .contains("pod_memory_working_set_bytes{namespace=\"default\",pod=\"box\"} ");
  }
}
