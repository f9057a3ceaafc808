package io.hubspoke.testing;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** Those who connect, say nothing and read what comes. */
public final class SilentClients implements AutoCloseable {
  private final List<SocketChannel> open = new ArrayList<>();

  /** Opens so many connections. */
  public SilentClients(InetSocketAddress server, int many) throws IOException {
    this(server, many, null);
  }

  /**
   * Opens so many connections, which say nothing after their TLS handshake.
   *
   * @param tls none when null
   */
  public SilentClients(InetSocketAddress server, int many, SSLContext tls) throws IOException {
    try {
      for (int i = 0; i < many; i++) {
        var channel = SocketChannel.open(server);
        open.add(channel);
        if (tls != null) {
          handshake(channel, tls);
        }
        channel.configureBlocking(false);
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  private static void handshake(SocketChannel channel, SSLContext tls) {
    try {
      var socket = channel.socket();
      var host = socket.getInetAddress().getHostAddress();
      ((SSLSocket) tls.getSocketFactory().createSocket(socket, host, socket.getPort(), false))
          .startHandshake();
    } catch (IOException e) {
      // The server has let it go already.
    }
  }

  /** Returns how many the server has not closed. */
  public int open() throws IOException {
    for (var channel : List.copyOf(open)) {
      if (isClosed(channel)) {
        open.remove(channel);
        channel.close();
      }
    }
    return open.size();
  }

  private static boolean isClosed(SocketChannel channel) {
    var bytes = ByteBuffer.allocate(4096);
    try {
      int read = channel.read(bytes);
      while (read > 0) {
        read = channel.read(bytes.clear());
      }
      return read < 0;
    } catch (IOException reset) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    for (var channel : open) {
      channel.close();
    }
  }
}
