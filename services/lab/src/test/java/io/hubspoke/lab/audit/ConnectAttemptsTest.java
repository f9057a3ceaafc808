package io.hubspoke.lab.audit;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.testing.FreePort;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class ConnectAttemptsTest {
  private static final InetAddress SOURCE = InetAddress.ofLiteral("127.0.0.3");
  private static final InetAddress TARGET = InetAddress.ofLiteral("127.0.0.2");

  @Test
  void whatListensAcceptsAgainAndAgainAndWhatDoesNotRefuses() throws Exception {
    try (var server = new ServerSocket(0, 50, TARGET);
        var reused = new ConnectAttempts.Reused(SOURCE, TARGET)) {
      var nobody = FreePort.at(TARGET.getHostAddress());
      for (var attempts :
          new ConnectAttempts[] {reused, new ConnectAttempts.OneSocketEach(SOURCE, TARGET)}) {
        for (int i = 0; i < 2; i++) {
          assertThat(attempts.accepts(server.getLocalPort())).isTrue();
          assertThat(attempts.accepts(nobody)).isFalse();
        }
      }
      try (var accepted = server.accept()) {
        assertThat(accepted.getInetAddress()).isEqualTo(SOURCE);
      }
    }
  }

  /** The number of its socket, closed by then, is somebody else's. */
  @Test
  void anAttemptThatGetsNoSocketClosesNobodyElses() throws Exception {
    try (var server = new ServerSocket(0, 50, TARGET)) {
      var attempts = new ConnectAttempts.Reused(SOURCE, TARGET);
      var source = ConnectAttempts.Reused.class.getDeclaredField("source");
      source.setAccessible(true);
      // 192.0.2.3 is nobody's (RFC 5737).
      MemorySegment.copy(
          new byte[] {(byte) 192, 0, 2, 3},
          0,
          (MemorySegment) source.get(attempts),
          JAVA_BYTE,
          4,
          4);
      assertThatThrownBy(() -> attempts.accepts(server.getLocalPort()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("no socket to scan with");
      try (var other = new ServerSocket(0, 50, TARGET)) {
        attempts.close();

        try (var socket = new java.net.Socket(TARGET, other.getLocalPort());
            var accepted = other.accept()) {
          assertThat(accepted.getPort()).isEqualTo(socket.getLocalPort());
        }
      }
    }
  }
}
