package io.hubspoke.testing;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** Those who connect, say nothing and read what comes. */
public final class SilentClients implements AutoCloseable {
  private final List<SocketChannel> open = new ArrayList<>();

  /** Opens so many connections. */
  public SilentClients(InetSocketAddress server, int many) throws IOException {
    try {
      for (int i = 0; i < many; i++) {
        var channel = SocketChannel.open(server);
        open.add(channel);
        channel.configureBlocking(false);
      }
    } catch (IOException e) {
      close();
      throw e;
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
