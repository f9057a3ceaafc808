package io.hubspoke.lab.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class FilteredScanTest {
  private static final String OPEN = "127.0.0.1";

  @Test
  void whatAnswersIsFoundAndWhatIsRefusedIsNot() throws Exception {
    var gone = serve();
    var closed = gone.getLocalPort();
    gone.close();
    try (var first = serve();
        var second = serve()) {
      var ports = List.of(first.getLocalPort(), second.getLocalPort(), closed);
      assertThat(FilteredScan.of(List.of(OPEN), ports))
          .isEqualTo(Map.of(OPEN, new TreeSet<>(Set.of(ports.get(0), ports.get(1)))));
    }
  }

  @Test
  void everyPortIsTried() throws Exception {
    try (var server = serve()) {
      assertThat(FilteredScan.of(List.of(OPEN)).get(OPEN)).contains(server.getLocalPort());
    }
  }

  /** Whose queue is full answers no more, as behind a filter. */
  @Test
  void whoDoesNotAnswerIsGivenUp() throws Exception {
    try (var server = new ServerSocket()) {
      server.bind(new InetSocketAddress(InetAddress.ofLiteral(OPEN), 0), 1);
      var port = server.getLocalPort();
      var kept = new ArrayList<SocketChannel>();
      try {
        for (var i = 0; i < 8; i++) {
          var channel = SocketChannel.open();
          channel.configureBlocking(false);
          var unused = channel.connect(server.getLocalSocketAddress());
          kept.add(channel);
        }
        assertThat(FilteredScan.of(List.of(OPEN), List.of(port)).get(OPEN)).isEmpty();
      } finally {
        for (var channel : kept) {
          channel.close();
        }
      }
    }
  }

  private static ServerSocket serve() throws Exception {
    return new ServerSocket(0, 8, InetAddress.ofLiteral(OPEN));
  }
}
