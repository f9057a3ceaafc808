package io.hubspoke.apiserver.store.hazelcast.chaos;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLSocketFactory;

/** Sends requests from the thread that calls, each once. */
record ChaosClient(SSLSocketFactory tls, String server, int timeoutMillis) {
  /** An answer; the body is null when it is no JSON. */
  record Answer(int code, ObjectNode body, boolean retryAfter) {
    long revision() {
      return body.path("metadata").path("resourceVersion").asLong();
    }

    String reason() {
      return body.path("reason").asText();
    }
  }

  Answer send(String method, String path, ObjectNode body) throws IOException {
    HttpsURLConnection connection = open(path);
    connection.setRequestMethod(method);
    if (body != null) {
      byte[] bytes = Json.bytes(body);
      connection.setRequestProperty("Content-Type", "application/json");
      connection.setDoOutput(true);
      // What is streamed is not sent again behind the caller's back.
      connection.setFixedLengthStreamingMode(bytes.length);
      try (var out = connection.getOutputStream()) {
        out.write(bytes);
      }
    }
    int code = connection.getResponseCode();
    InputStream in = code < 400 ? connection.getInputStream() : connection.getErrorStream();
    byte[] content = in.readAllBytes();
    in.close();
    return new Answer(
        code,
        content.length > 0 && content[0] == '{' ? Json.parseObject(content) : Json.object(),
        connection.getHeaderField("Retry-After") != null);
  }

  /** Passes on the events of a watch until it ends. */
  void watch(String path, Consumer<ObjectNode> listener) throws IOException {
    HttpsURLConnection connection = open(path);
    if (connection.getResponseCode() != 200) {
      throw new IOException("the watch was answered " + connection.getResponseCode());
    }
    try (var lines =
        new BufferedReader(
            new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        listener.accept(Json.parseObject(line.getBytes(StandardCharsets.UTF_8)));
      }
    } finally {
      connection.disconnect();
    }
  }

  private HttpsURLConnection open(String path) throws IOException {
    var connection = (HttpsURLConnection) URI.create(server + path).toURL().openConnection();
    connection.setSSLSocketFactory(tls);
    connection.setConnectTimeout(timeoutMillis);
    connection.setReadTimeout(timeoutMillis);
    connection.setRequestProperty("Authorization", "Bearer " + ChaosCluster.TOKEN);
    return connection;
  }
}
