package io.hubspoke.apiserver.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.kubernetes.client.proto.Meta.WatchEvent;
import io.kubernetes.client.proto.Runtime.TypeMeta;
import io.kubernetes.client.proto.Runtime.Unknown;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/** Speaks protobuf to a server as programs built on client-go do, by another client's classes. */
public final class ProtobufClient {
  /** What such programs accept. */
  public static final String ACCEPT = "application/vnd.kubernetes.protobuf,application/json";

  public static final String PROTOBUF = "application/vnd.kubernetes.protobuf";

  private static final byte[] MAGIC = {'k', '8', 's', 0};

  private final HttpClient http;
  private final Function<String, URI> uri;

  /** Talks by a client to where its paths lead. */
  public ProtobufClient(HttpClient http, Function<String, URI> uri) {
    this.http = http;
    this.uri = uri;
  }

  /** An answer, and what was in its envelope. */
  public record Answer(HttpResponse<byte[]> response) {
    public int code() {
      return response.statusCode();
    }

    public String contentType() {
      return response.headers().firstValue("Content-Type").orElse("");
    }

    public Unknown envelope() throws IOException {
      return open(response.body());
    }

    public byte[] raw() throws IOException {
      assertThat(contentType()).isEqualTo(PROTOBUF);
      return envelope().getRaw().toByteArray();
    }
  }

  public Answer get(String path) throws Exception {
    return send("GET", path, null, ACCEPT);
  }

  public Answer send(String method, String path, byte[] body, String accept) throws Exception {
    var request =
        HttpRequest.newBuilder(uri.apply(path))
            .header("Accept", accept)
            .header("Content-Type", PROTOBUF)
            .method(
                method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
    return new Answer(http.send(request.build(), BodyHandlers.ofByteArray()));
  }

  /** Starts a watch; returns when its head has arrived. */
  public HttpResponse<InputStream> watch(String path, String accept) throws Exception {
    var request = HttpRequest.newBuilder(uri.apply(path)).header("Accept", accept).build();
    return http.send(request, BodyHandlers.ofInputStream());
  }

  /** Reads a watch's next frame. */
  public static WatchEvent frame(InputStream in) throws IOException {
    var data = new DataInputStream(in);
    byte[] frame = new byte[data.readInt()];
    data.readFully(frame);
    return WatchEvent.parseFrom(frame);
  }

  public static Unknown object(WatchEvent event) throws IOException {
    return open(event.getObject().getRaw().toByteArray());
  }

  /** Puts a message into an envelope. */
  public static byte[] envelope(String apiVersion, String kind, Message message)
      throws IOException {
    var out = new ByteArrayOutputStream();
    out.write(MAGIC);
    Unknown.newBuilder()
        .setTypeMeta(TypeMeta.newBuilder().setApiVersion(apiVersion).setKind(kind))
        .setRaw(ByteString.copyFrom(message.toByteArray()))
        .build()
        .writeTo(out);
    return out.toByteArray();
  }

  private static Unknown open(byte[] bytes) throws IOException {
    assertThat(bytes).as(new String(bytes, StandardCharsets.UTF_8)).startsWith(MAGIC);
    return Unknown.parseFrom(ByteString.copyFrom(bytes, MAGIC.length, bytes.length - MAGIC.length));
  }
}
