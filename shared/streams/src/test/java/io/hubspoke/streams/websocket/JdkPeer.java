package io.hubspoke.streams.websocket;

import io.hubspoke.testing.Await;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** The JDK's WebSocket client, with what it was sent. */
final class JdkPeer implements WebSocket.Listener, AutoCloseable {
  private final HttpClient http = HttpClient.newHttpClient();
  private final List<byte[]> messages = new CopyOnWriteArrayList<>();
  private final List<String> pongs = new CopyOnWriteArrayList<>();
  private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
  private volatile int closeCode = -1;
  private volatile Throwable error;
  private WebSocket socket;

  static JdkPeer connect(int port, String path, String... subprotocols) throws Exception {
    JdkPeer peer = new JdkPeer();
    var builder = peer.http.newWebSocketBuilder();
    if (subprotocols.length > 0) {
      builder.subprotocols(
          subprotocols[0], java.util.Arrays.copyOfRange(subprotocols, 1, subprotocols.length));
    }
    peer.socket =
        builder
            .buildAsync(URI.create("ws://127.0.0.1:" + port + path), peer)
            .get(30, TimeUnit.SECONDS);
    return peer;
  }

  String subprotocol() {
    return socket.getSubprotocol();
  }

  void send(int channel, String text) throws Exception {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    message.write(channel);
    message.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    send(message.toByteArray());
  }

  void send(byte... message) throws Exception {
    socket.sendBinary(ByteBuffer.wrap(message), true).get(30, TimeUnit.SECONDS);
  }

  void sendPart(boolean last, byte... part) throws Exception {
    socket.sendBinary(ByteBuffer.wrap(part), last).get(30, TimeUnit.SECONDS);
  }

  void sendText(String message) throws Exception {
    socket.sendText(message, true).get(30, TimeUnit.SECONDS);
  }

  void ping(String payload) throws Exception {
    socket
        .sendPing(ByteBuffer.wrap(payload.getBytes(StandardCharsets.UTF_8)))
        .get(30, TimeUnit.SECONDS);
  }

  void abort() {
    socket.abort();
  }

  List<byte[]> messages() {
    return messages;
  }

  List<String> pongs() {
    return pongs;
  }

  /** Returns all that came on a channel, without the channel's number. */
  String on(int channel) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] message : messages) {
      if (message.length > 0 && message[0] == channel) {
        all.write(message, 1, message.length - 1);
      }
    }
    return all.toString(StandardCharsets.UTF_8);
  }

  int closed() throws Exception {
    Await.until("the server's close", () -> closeCode >= 0 || error != null);
    return closeCode;
  }

  @Override
  public CompletionStage<?> onBinary(WebSocket webSocket, ByteBuffer data, boolean last) {
    byte[] bytes = new byte[data.remaining()];
    data.get(bytes);
    add(bytes, last);
    webSocket.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
    add(data.toString().getBytes(StandardCharsets.UTF_8), last);
    webSocket.request(1);
    return null;
  }

  private void add(byte[] bytes, boolean last) {
    partial.writeBytes(bytes);
    if (last) {
      messages.add(partial.toByteArray());
      partial.reset();
    }
  }

  @Override
  public CompletionStage<?> onPong(WebSocket webSocket, ByteBuffer message) {
    pongs.add(StandardCharsets.UTF_8.decode(message).toString());
    webSocket.request(1);
    return null;
  }

  @Override
  public CompletionStage<?> onClose(WebSocket webSocket, int statusCode, String reason) {
    closeCode = statusCode;
    return null;
  }

  @Override
  public void onError(WebSocket webSocket, Throwable failure) {
    error = failure;
  }

  @Override
  public void close() {
    socket.abort();
    http.shutdownNow();
  }
}
