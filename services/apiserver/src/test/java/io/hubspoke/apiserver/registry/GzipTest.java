package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.io.ByteArrayInputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GzipTest extends RegistryTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @AfterEach
  void disconnect() {
    http.shutdownNow();
  }

  @Test
  void greatListsAndObjectsAreCompressedForWhoAsks() throws Exception {
    for (int i = 0; i < 40; i++) {
      create("m" + i, 10_000);
    }
    create("great", 200_000);
    for (String path : new String[] {MAPS, MAPS + "/great"}) {
      var plain = get(path, "identity");
      var compressed = get(path, "deflate, gzip");
      assertThat(plain.headers().firstValue("Content-Encoding")).isEmpty();
      assertThat(compressed.headers().firstValue("Content-Encoding")).contains("gzip");
      assertThat(compressed.headers().firstValue("Vary")).contains("Accept-Encoding");
      assertThat(compressed.body().length).isLessThan(plain.body().length / 10);
      assertThat(unzip(compressed.body())).isEqualTo(Json.parseObject(plain.body()));
    }
  }

  @Test
  void smallAnswersAndOtherClientsGetPlainOnes() throws Exception {
    create("small", 1_000);
    assertThat(get(MAPS, "gzip").headers().firstValue("Content-Encoding")).isEmpty();
    assertThat(get(MAPS + "/small", "gzip").headers().firstValue("Content-Encoding")).isEmpty();
    create("great", 200_000);
    assertThat(get(MAPS, "br").headers().firstValue("Content-Encoding")).isEmpty();
  }

  @Test
  void watchesAndAnswersToWritesAreNotCompressed() throws Exception {
    var created = create("great", 200_000);
    assertThat(created.headers().firstValue("Content-Encoding")).isEmpty();
    try (var watch = server.watch(MAPS + "?watch=1", "Accept-Encoding", "gzip")) {
      assertThat(watch.nextBrief()).isEqualTo("ADDED great");
    }
  }

  private RegistryServer.Answer create(String name, int size) throws Exception {
    ObjectNode map = Json.object();
    map.putObject("metadata").put("name", name);
    map.putObject("data").put("key", "x".repeat(size));
    var answer = server.post(MAPS, map.toString(), "Accept-Encoding", "gzip");
    assertThat(answer.code()).isEqualTo(201);
    return answer;
  }

  private HttpResponse<byte[]> get(String path, String encoding) throws Exception {
    var request = HttpRequest.newBuilder(server.uri(path)).header("Accept-Encoding", encoding);
    return http.send(request.build(), BodyHandlers.ofByteArray());
  }

  private static ObjectNode unzip(byte[] body) throws Exception {
    try (var in = new GZIPInputStream(new ByteArrayInputStream(body))) {
      return Json.parseObject(in.readAllBytes());
    }
  }
}
